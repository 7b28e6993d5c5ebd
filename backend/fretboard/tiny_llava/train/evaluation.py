"""Held-out measures: accuracy per task, cell and image condition, and caption colours.

Intervals are Wilson's at 95 % over scenes; a scene with several answers counts with its mean,
which makes them slightly too wide rather than too narrow.
"""

import random
from pathlib import Path

import torch
from PIL import Image
from tqdm import tqdm

from fretboard.core.intervals import Measure, with_interval
from fretboard.tiny_llava.train.answers import WorldAnswerer
from fretboard.tiny_llava.train.reversals import caption_colors
from fretboard.tiny_llava.world.backdrop import render
from fretboard.tiny_llava.world.dialogue import (
    CAPTION,
    QuestionAnswer,
    color_question,
    count_question,
    existence_question,
    place_question,
    position_question,
)
from fretboard.tiny_llava.world.judge import kind_recall
from fretboard.tiny_llava.world.scene import (
    KINDS,
    NATIVE,
    PRIOR_KINDS,
    Scene,
    SceneMix,
    sample_scene,
)

FIRST_SEED = {"typical": 70_000_000, "counter-prior": 80_000_000}  # never trained on
MIXES = {"typical": SceneMix(typical=1.0), "counter-prior": SceneMix(typical=0.0)}
IMAGES = ("right", "shuffled", "blank")
GRAY = (127, 127, 127)


def evaluate(weights: Path, scenes: int) -> Measure:
    """All measures of the model in ``weights`` on ``scenes`` held-out scenes per cell."""
    answerer = WorldAnswerer(weights)
    report: Measure = {"scenes_per_cell": scenes, "cells": {}}
    for cell in tqdm(MIXES, desc="cells"):
        sample = held_out(cell, scenes)
        pixels = answerer.pixels([render(scene) for scene in sample])
        conditions = _conditions(answerer, pixels)
        report["cells"][cell] = {
            image: accuracies(answerer, sample, conditions[image]) for image in IMAGES
        }
        if cell == "counter-prior":
            report["caption_colors"] = caption_colors(answerer, sample, pixels)
    report["summary"] = _summary(report)
    return report


def held_out(cell: str, number: int) -> list[Scene]:
    """Test scenes of one cell; each shows at least one kind that has a typical colour."""
    scenes: list[Scene] = []
    seed = FIRST_SEED[cell]
    while len(scenes) < number:
        scene = sample_scene(seed, MIXES[cell])
        if any(group.prior_color for group in scene.groups):
            scenes.append(scene)
        seed += 1
    return scenes


def held_out_in_turn(number: int) -> list[Scene]:
    """As many of each cell, one after the other: any beginning of them holds both."""
    cells = (held_out(cell, number // len(MIXES)) for cell in MIXES)
    return [scene for turn in zip(*cells, strict=True) for scene in turn]


def _conditions(answerer: WorldAnswerer, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
    """The right image, another scene's of the same cell, and plain grey."""
    blank = answerer.pixels([Image.new("RGB", (NATIVE, NATIVE), GRAY)]).expand_as(pixels)
    return {"right": pixels, "shuffled": pixels.roll(1, 0), "blank": blank}


def accuracies(answerer: WorldAnswerer, scenes: list[Scene], pixels: torch.Tensor) -> Measure:
    """Per task: mean, interval and number of scenes."""
    rng = random.Random(7)
    picked = [rng.choice([g for g in s.groups if g.kind in PRIOR_KINDS]) for s in scenes]
    absent = [rng.choice([k for k in KINDS if not s.find(k)]) for s in scenes]
    tasks: dict[str, list[QuestionAnswer]] = {
        "color": [color_question(group) for group in picked],
        "count": [count_question(group) for group in picked],
        "position": [position_question(group) for group in picked],
        "place": [place_question(scene) for scene in scenes],
        "existence, present": [existence_question(group.kind, True) for group in picked],
        "existence, absent": [existence_question(kind, False) for kind in absent],
    }
    right = {}
    for task, exchanges in tasks.items():
        answers = answerer.ask(pixels, [exchange.question for exchange in exchanges])
        right[task] = [
            float(said == exchange.answer)
            for said, exchange in zip(answers, exchanges, strict=True)
        ]
    pairs = zip(right["existence, present"], right["existence, absent"], strict=True)
    right["existence"] = [(yes + no) / 2 for yes, no in pairs]
    captions = answerer.ask(pixels, [CAPTION] * len(scenes))
    right["caption kind recall"] = [
        kind_recall(s, c) for s, c in zip(scenes, captions, strict=True)
    ]
    return {task: with_interval(values) for task, values in right.items()}


def _summary(report: Measure) -> Measure:
    cells = {
        f"{cell}, {task}": "  ".join(f"{image} {report['cells'][cell][image][task]['mean']:.3f}"
                                     for image in IMAGES)
        for cell in MIXES
        for task in ("color", "caption kind recall", "existence")
    }  # fmt: skip
    colors = report["caption_colors"]
    return cells | {
        "hallucinated caption colors": colors["detailed"]["prior"],
        "late reversals among them": colors["detailed"]["late_reversal"],
    }
