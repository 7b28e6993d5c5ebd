"""Do the words of the image patches point at the objects? The bundled world knows where they are.

    python benchmarks/patch_pointing.py --scenes 600 --output patch_pointing.json

On held-out scenes every group of objects is asked for twice, by the word for its kind and by the
word for its colour. At each depth the patch that gives the word the highest probability is a hit
where its centre lies in one of the group's boxes. Chance is the share of patches whose centres do.
A colour counts only where no other group of the scene wears it. *Named* turns the question round:
of the 16 kinds (or 10 colours), is the right one the likeliest at the patch in the middle of the
object? Also apart for objects in their kind's typical colour and in another. Intervals (95 %)
resample scenes.
"""

import argparse
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from fretboard.cli.options import drawn_world_settings
from fretboard.core.fitted_lens import Span
from fretboard.core.reading import Lens
from fretboard.engine.analyze import Pipeline
from fretboard.engine.load import load_pipeline
from fretboard.model.grid import patch_grid
from fretboard.model.inputs import build_inputs
from fretboard.model.patches import patch_states
from fretboard.store.analyses import open_store
from fretboard.tiny_llava.train.evaluation import MIXES, held_out
from fretboard.tiny_llava.world.backdrop import render
from fretboard.tiny_llava.world.dialogue import CAPTION, noun
from fretboard.tiny_llava.world.scene import COLORS, KINDS, NATIVE, PLURAL, Group, Scene

RESAMPLES = 2000
LENSES = (Lens.NORMED, Lens.RAW, Lens.JACOBIAN, Lens.TUNED, Lens.LATENT)
Hits = dict[str, list[tuple[int, np.ndarray, float]]]
"""Lens, kind of word and measure → one (scene, hit per depth, chance) a word."""


def question(scene: Scene) -> list[tuple[str, str, Group]]:
    """(kind of word, word, the group it should point at)."""
    records = [("kind", noun(group), group) for group in scene.groups]
    colors = [group.color for group in scene.groups]
    return records + [
        ("colour", group.color, group) for group in scene.groups if colors.count(group.color) == 1
    ]


def rivals(kind: str, group: Group) -> list[str]:
    """The words of the same class: all kinds in the same number, or all colours."""
    if kind == "colour":
        return list(COLORS)
    return [name if noun(group) == group.kind else PLURAL[name] for name in KINDS]


def on_object(centers: np.ndarray, group: Group) -> np.ndarray:
    """(patches,) whether the centre, in shares of the sides, lies in one of the group's boxes."""
    x, y = (centers * NATIVE).T
    inside = [(x >= x0) & (x <= x1) & (y >= y0) & (y <= y1) for x0, y0, x1, y1 in group.boxes]
    return np.any(inside, axis=0)


def middle_patch(centers: np.ndarray, group: Group) -> int:
    """The patch nearest to the middle of the group's first box."""
    x0, y0, x1, y1 = group.boxes[0]
    middle = np.array([x0 + x1, y0 + y1]) / 2 / NATIVE
    return int(((centers - middle) ** 2).sum(1).argmin())


def measure(pipeline: Pipeline, scenes: list[Scene]) -> Hits:
    """Hits of every word of every scene."""
    checkpoint, vocabulary = pipeline.checkpoint, pipeline.vocabulary
    hits: Hits = defaultdict(list)
    lenses = {lens.value: pipeline.lens(lens, Span.IMAGE) for lens in LENSES}
    grid = patch_grid(checkpoint, CAPTION, render(scenes[0]))  # all scenes have one size
    centers = grid.rectangles.double().numpy().reshape(-1, 2, 2).mean(1)
    for index, scene in enumerate(scenes):
        image = render(scene)
        states = patch_states(checkpoint, build_inputs(checkpoint, CAPTION, image, None))
        for name, lens in lenses.items():
            with torch.inference_mode():
                table = lens.log_probabilities(states).cpu().numpy()
            for kind, word, group in question(scene):
                own, on = vocabulary.word(word).token_id, on_object(centers, group)
                hit = on[table[..., own].argmax(1)].astype(float)
                hits[f"{name} {kind}, pointing"].append((index, hit, float(on.mean())))
                others = [vocabulary.word(rival).token_id for rival in rivals(kind, group)]
                there = table[:, middle_patch(centers, group)]
                right = (there[:, own] >= there[:, others].max(1)).astype(float)
                hits[f"{name} {kind}, named"].append((index, right, 1 / len(others)))
                if group.prior_color:
                    worn = "unusual" if group.counter_prior else "typical"
                    hits[f"{name} {kind}, {worn} colour, named"].append(
                        (index, right, 1 / len(others))
                    )
    return hits


def summary(records: list[tuple[int, np.ndarray, float]], scenes: int) -> dict[str, Any]:
    """Share of hits per depth with its interval, chance, and the number of words."""
    rng = np.random.default_rng(0)
    owners = np.array([scene for scene, _, _ in records])
    table = np.stack([np.append(hit, chance) for _, hit, chance in records])
    sums = np.zeros((scenes, table.shape[1]))
    np.add.at(sums, owners, table)
    sizes = np.bincount(owners, minlength=scenes)
    drawn = rng.multinomial(scenes, np.full(scenes, 1 / scenes), RESAMPLES)
    low, high = np.quantile(drawn @ sums / (drawn @ sizes)[:, None], [0.025, 0.975], axis=0)
    mean = table.mean(0)
    per_depth = [
        {"depth": d, "share": mean[d], "low": low[d], "high": high[d]} for d in range(len(mean) - 1)
    ]
    chance = {"share": mean[-1], "low": low[-1], "high": high[-1]}
    return {"words": len(records), "chance": chance, "depths": per_depth}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=int, default=600)
    parser.add_argument("--output", type=Path, default=Path("patch_pointing.json"))
    options = parser.parse_args()
    pipeline = load_pipeline(drawn_world_settings(None), open_store("memory://"))
    scenes = [scene for cell in MIXES for scene in held_out(cell, options.scenes // len(MIXES))]
    hits = measure(pipeline, scenes)
    report = {name: summary(records, len(scenes)) for name, records in hits.items()}
    options.output.write_text(json.dumps(report, indent=1) + "\n")
    for name, figures in report.items():
        print(name, f"{figures['words']} words, chance {figures['chance']['share']:.3f}")
        for row in figures["depths"]:
            print("  {depth:2d}  {share:.3f}  [{low:.3f}, {high:.3f}]".format(**row))


if __name__ == "__main__":
    main()
