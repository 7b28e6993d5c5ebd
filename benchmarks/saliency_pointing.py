"""Do attention, rollout, gradients and ablation point at the object? The bundled world knows.

    python benchmarks/saliency_pointing.py --scenes 24 --output saliency_pointing.json

Captions of held-out scenes. For each group of objects, the token that names its kind and the one
that names its colour: a way is a hit where the patch with its largest value has its centre in one
of the group's boxes. Chance is the share of patches whose centres do. Intervals (95 %) resample
scenes. Ablation has one value for all depths; gradients are taken at every third depth.
"""

import argparse
import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from patch_pointing import Hits, on_object, summary

from fretboard.core.images import blank_like
from fretboard.core.settings import get_settings
from fretboard.engine.analyze import Pipeline
from fretboard.engine.causal.forced import Forced, answer, log_probabilities, taught
from fretboard.engine.causal.hooks import states_kept
from fretboard.engine.causal.saliency import ablation, attention_maps, relevance_at
from fretboard.engine.load import load_pipeline
from fretboard.model.grid import patch_grid
from fretboard.model.inputs import build_inputs
from fretboard.store.analyses import open_store
from fretboard.tiny_llava.train.evaluation import MIXES, held_out
from fretboard.tiny_llava.world.backdrop import render
from fretboard.tiny_llava.world.dialogue import CAPTION, noun
from fretboard.tiny_llava.world.scene import Group, Scene

EVERY = 3  # depths from one gradient to the next


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


def maps(forced: Forced, grey: Forced, tokens: list[int]) -> dict[str, np.ndarray]:
    """Way → (depth, patch, n) of n tokens."""
    attention, rollout = attention_maps(forced)
    with states_kept(grey.checkpoint.anatomy) as kept:
        log_probabilities(grey)
    depths = range(0, len(forced.checkpoint.anatomy.layers), EVERY)
    relevance = [relevance_at(forced, d, kept[d][forced.image], tokens)[0] for d in depths]
    ways = {
        "attention": attention[..., tokens],
        "rollout": rollout[..., tokens],
        "relevance": torch.stack(relevance),
        "ablation": ablation(forced, kept[0][forced.image])[None, :, tokens],
    }
    return {way: values.detach().float().numpy() for way, values in ways.items()}


def measure(pipeline: Pipeline, scenes: list[Scene]) -> Hits:
    """Hits of every word of every scene."""
    checkpoint, hits = pipeline.checkpoint, defaultdict(list)
    grid = patch_grid(checkpoint, CAPTION, render(scenes[0]))
    centers = grid.rectangles.double().numpy().reshape(-1, 2, 2).mean(1)
    for index, scene in enumerate(scenes):
        image = render(scene)
        forced = answer(checkpoint, build_inputs(checkpoint, CAPTION, image, None), 64)
        plain = build_inputs(checkpoint, CAPTION, blank_like(image), None)
        spoken = words(pipeline, forced, scene)
        if not spoken:
            continue
        grey = taught(checkpoint, plain, list(forced.emitted))
        ways = maps(forced, grey, [token for _, token, _ in spoken])
        for place, (kind, _, group) in enumerate(spoken):
            on = on_object(centers, group)
            for way, values in ways.items():
                hit = on[values[:, :, place].argmax(1)].astype(float)
                hits[f"{way}, {kind}"].append((index, hit, float(on.mean())))
    return hits


def main() -> None:
    """Print shares by way, kind of word and depth; write them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=int, default=24)
    parser.add_argument("--output", type=Path, default=Path("saliency_pointing.json"))
    options = parser.parse_args()
    pipeline = load_pipeline(get_settings(), open_store("memory://"))
    half = options.scenes // len(MIXES)
    scenes = [scene for cell in MIXES for scene in held_out(cell, half)]
    rows = measure(pipeline, scenes)
    report = {name: summary(hits, len(scenes)) for name, hits in rows.items()}
    options.output.write_text(json.dumps(report, indent=1) + "\n")
    for name, figures in report.items():
        cells = [f"{r['share']:.2f} [{r['low']:.2f} {r['high']:.2f}]" for r in figures["depths"]]
        print(f"{name} ({figures['words']}), chance {figures['chance']['share']:.2f}:", *cells)


if __name__ == "__main__":
    main()
