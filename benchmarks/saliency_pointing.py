"""Do attention, rollout, gradients, activation and ablation point at the object? The world knows.

    python benchmarks/saliency_pointing.py --scenes 64

Captions of held-out scenes. For each group of objects, the token that names its kind and the one
that names its colour: a way is a hit where the patch with its largest value has its centre in one
of the group's boxes. Chance is the share of patches whose centres do. Intervals (95 %) resample
scenes. Ablation and activation have one value for all depths; gradients are taken at every third
depth. The result is what the package warns from; it is written anew after every eighth scene.
"""

import argparse
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from patch_pointing import Hits, on_object, summary

from fretboard.cli.options import drawn_world_settings
from fretboard.core.images import blank_like
from fretboard.engine.analyze import Pipeline
from fretboard.engine.causal.activation import activation_maps
from fretboard.engine.causal.forced import Forced, answer, log_probabilities, taught
from fretboard.engine.causal.hooks import states_kept
from fretboard.engine.causal.saliency import ablation, attention_maps, relevance_at
from fretboard.engine.load import load_pipeline
from fretboard.figures.hit_rates import MEASURED
from fretboard.model.grid import Grid, patch_grid
from fretboard.model.inputs import build_inputs
from fretboard.store.analyses import open_store
from fretboard.tiny_llava.train.evaluation import MIXES, held_out
from fretboard.tiny_llava.world.backdrop import render
from fretboard.tiny_llava.world.dialogue import CAPTION, noun
from fretboard.tiny_llava.world.scene import COLORS, KINDS, PLURAL, Group, Scene

EVERY = 3  # depths from one gradient to the next
WRITTEN = 8  # scenes from one writing to the next


def words(pipeline: Pipeline, forced: Forced, scene: Scene) -> list[tuple[str, int, Group]]:
    """(kind of word, token, group) that the caption says truly."""
    spoken = []
    said = list(forced.emitted)
    for group in scene.groups:
        for kind, word in (("kind", noun(group)), ("colour", group.color)):
            number = pipeline.vocabulary.word(word).token_id
            if number in said:
                spoken.append((kind, said.index(number), group))
    return spoken


def maps(forced: Forced, grey: Forced, grid: Grid, tokens: list[int]) -> dict[str, np.ndarray]:
    """Way → (depth, patch, n) of n tokens; depths that were not measured are NaN."""
    attention, rollout = attention_maps(forced)
    with states_kept(grey.checkpoint.anatomy) as kept:
        log_probabilities(grey)
    relevance = torch.full((*attention.shape[:2], len(tokens)), torch.nan)
    for depth in range(0, len(attention), EVERY):
        relevance[depth] = relevance_at(forced, depth, kept[depth][forced.image], tokens)[0]
    ways = {
        "attention": attention[..., tokens],
        "rollout": rollout[..., tokens],
        "relevance": relevance,
        "activation": torch.from_numpy(activation_maps(forced, grid))[None, :, tokens],
        "ablation": ablation(forced, kept[0][forced.image])[None, :, tokens],
    }
    return {way: values.detach().float().numpy() for way, values in ways.items()}


def score(pipeline: Pipeline, index: int, scene: Scene, hits: Hits) -> None:
    """Adds the hits of every word of the scene's caption."""
    checkpoint, image = pipeline.checkpoint, render(scene)
    grid = patch_grid(checkpoint, CAPTION, image)
    centers = grid.rectangles.double().numpy().reshape(-1, 2, 2).mean(1)
    forced = answer(checkpoint, build_inputs(checkpoint, CAPTION, image, None), 64)
    spoken = words(pipeline, forced, scene)
    if not spoken:
        return
    plain = build_inputs(checkpoint, CAPTION, blank_like(image), None)
    grey = taught(checkpoint, plain, list(forced.emitted))
    ways = maps(forced, grey, grid, [token for _, token, _ in spoken])
    for place, (kind, _, group) in enumerate(spoken):
        on = on_object(centers, group)
        for way, values in ways.items():
            known = ~np.isnan(values[..., place]).any(1)
            hit = np.where(known, on[np.nan_to_num(values[..., place]).argmax(1)], np.nan)
            hits[f"{way}, {kind}"].append((index, hit, float(on.mean())))


def report(hits: Hits, scenes: int) -> dict[str, Any]:
    """The result file: a run a way and kind of word."""
    runs = []
    for name, records in hits.items():
        way, kind = name.split(", ")
        figures = summary(records, scenes)
        known = [row for row in figures["depths"] if not np.isnan(row["share"])]
        runs.append({"way": way, "kind": kind} | figures | {"depths": known})
    return {
        "command": f"python benchmarks/saliency_pointing.py --scenes {scenes}",
        "machine": "one of two shared CPU cores",
        "scenes": scenes,
        "layers": 12,
        "names": {"kind": [*KINDS, *PLURAL.values()], "colour": list(COLORS)},
        "runs": _rounded(runs),
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_rounded(part) for part in value]
    return round(float(value), 4) if isinstance(value, float) else value


def main() -> None:
    """Print shares by way, kind of word and depth; write them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=int, default=64)
    parser.add_argument("--output", type=Path, default=MEASURED)
    options = parser.parse_args()
    pipeline = load_pipeline(drawn_world_settings(None), open_store("memory://"))
    half = options.scenes // len(MIXES)
    cells = [held_out(cell, half) for cell in MIXES]
    scenes = [scene for both in zip(*cells, strict=True) for scene in both]
    hits: Hits = defaultdict(list)
    for index, scene in enumerate(scenes):
        score(pipeline, index, scene, hits)
        if (index + 1) % WRITTEN == 0 or index + 1 == len(scenes):
            result = report(hits, index + 1)
            options.output.write_text(json.dumps(result, indent=1) + "\n")
            print(f"{index + 1} scenes", flush=True)
    for run in result["runs"]:
        cells = [f"{r['share']:.2f} [{r['low']:.2f} {r['high']:.2f}]" for r in run["depths"]]
        chance = run["chance"]["share"]
        print(f"{run['way']}, {run['kind']} ({run['words']}), chance {chance:.2f}:", *cells)


if __name__ == "__main__":
    main()
