"""The stages in order, each from the checkpoint of the one before.

``vision`` → ``a`` → ``b``; ``control`` is stage B without freezing, for comparison only.
"""

import copy
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from transformers import LlavaForConditionalGeneration

from fretboard.tiny_llava.model.architecture import FINAL_LAYERS, append_identity_layers
from fretboard.tiny_llava.train.export import export_model
from fretboard.tiny_llava.train.language_stages import (
    STAGE_A,
    STAGE_B,
    freeze_and_grow,
    load_stage_a,
    new_packer,
    start_model,
    train_stage,
)
from fretboard.tiny_llava.train.training import StagePlan
from fretboard.tiny_llava.train.vision_stage import Eye, train_vision

STEPS = {"vision": 2200, "a": 3400, "b": 850, "control": 850}
CONTROL_RATE = 3e-4  # of the whole decoder when nothing in it is frozen


def train(stage: str, work: Path, output: Path, seed: int, steps: int | None = None) -> None:
    """Run (or resume) one stage, or with "all" those that lead to the final weights."""
    for name in ("vision", "a", "b") if stage == "all" else (stage,):
        RUNNERS[name](work, output, seed, steps or STEPS[name])


def _stage_a(work: Path, output: Path, seed: int, steps: int) -> None:
    packer, eye = new_packer(), trained_eye(work, seed)
    model = start_model(eye, packer, seed)
    train_stage(model, packer, STAGE_A, StagePlan(steps), work / "a.pt", seed)
    export_grown(model, output, seed)


def _stage_b(work: Path, output: Path, seed: int, steps: int, control: bool = False) -> None:
    packer = new_packer()
    model = load_stage_a(work / "a.pt", packer)
    freeze_and_grow(model, seed, freeze=not control)
    stage = replace(STAGE_B, rate=CONTROL_RATE) if control else STAGE_B
    checkpoint = work / ("control.pt" if control else "b.pt")
    train_stage(model, packer, stage, StagePlan(steps, warmup=60), checkpoint, seed)
    export_model(model, output)


RUNNERS: dict[str, Callable[[Path, Path, int, int], object]] = {
    "vision": lambda work, _output, seed, steps: train_vision(work, seed, steps),
    "a": _stage_a,
    "b": _stage_b,
    "control": partial(_stage_b, control=True),
}


def trained_eye(work: Path, seed: int) -> Eye:
    """The vision stage's result, frozen."""
    eye = Eye(seed)
    eye.load_state_dict(torch.load(work / "vision.pt", weights_only=True)["module"])
    return eye.requires_grad_(False)


def export_grown(model: LlavaForConditionalGeneration, output: Path, seed: int) -> None:
    """Export a stage A model in the final shape: its appended layers change nothing yet."""
    grown = copy.deepcopy(model)
    append_identity_layers(grown, FINAL_LAYERS, seed)
    export_model(grown, output)
