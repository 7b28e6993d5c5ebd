"""One experiment from pictures and tokens to arrays: what the command line and the worker share."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from PIL import Image

from fretboard.core.analysis import Status
from fretboard.core.causal_test import CausalTest, Kind, Taught
from fretboard.core.errors import InputError
from fretboard.core.images import blank_like
from fretboard.core.vocabulary import Vocabulary
from fretboard.engine.causal.attribution import attribution
from fretboard.engine.causal.forced import Forced, answer, log_probabilities, taught
from fretboard.engine.causal.image_cut import attention_cut
from fretboard.engine.causal.knockout import knockout
from fretboard.engine.causal.patching import patching
from fretboard.engine.causal.saliency import saliency
from fretboard.model.checkpoint import Checkpoint
from fretboard.model.grid import Grid, patch_grid
from fretboard.model.inputs import build_inputs

# Share done in [0, 1], and what is being done; may raise Cancelled.
Report = Callable[[float, str], None]
Arrays = dict[str, np.ndarray]
PICTURE = 256  # px, longest side of the picture that a test keeps


def silent(_share: float, _message: str) -> None:
    """Nobody watches."""


@dataclass(frozen=True)
class CausalMaterial:
    """The pictures and the answer.

    image: None for text alone; other: None for a grey one of the same size. emitted: the ids to
    teach; None lets the model answer, or follow the request's continuation.
    """

    image: Image.Image | None
    other: Image.Image | None = None
    emitted: tuple[int, ...] | None = None


def measure(
    checkpoint: Checkpoint,
    vocabulary: Vocabulary,
    test: CausalTest,
    material: CausalMaterial,
    report: Report = silent,
) -> tuple[CausalTest, Arrays]:
    """The finished document and its arrays; running it twice gives the same.

    Raises what the kinds raise: InputError, UnsupportedModel, and Cancelled by way of `report`.
    """
    forced = _taught(checkpoint, test, material, report)
    report(0.0, "The model runs as it is.")
    arrays, note = _arrays(forced, test, material, vocabulary, report)
    facts = {
        "status": Status.DONE,
        "error": None,
        "answer": checkpoint.tokenizer.decode(forced.emitted, skip_special_tokens=True).strip(),
        "tokens": _taught_tokens(forced, vocabulary),
        "drift": forced.drift,
        "note": note,
    }
    return test.model_copy(update=facts), arrays


def _taught(
    checkpoint: Checkpoint, test: CausalTest, material: CausalMaterial, report: Report
) -> Forced:
    request = test.request
    inputs = build_inputs(checkpoint, request.prompt, material.image, request.continuation)
    if material.emitted is not None:
        inputs = replace(inputs, forced=material.emitted)

    def tick(done: int, total: int) -> None:
        report(0.0, f"The answer is taught: token {done + 1} of {total}.")

    return answer(checkpoint, inputs, request.max_new_tokens, tick)


def _arrays(
    forced: Forced,
    test: CausalTest,
    material: CausalMaterial,
    vocabulary: Vocabulary,
    report: Report,
) -> tuple[Arrays, dict[str, Any]]:
    def tick(done: int, total: int) -> None:
        report(done / total, f"Run {done + 1} of {total}.")

    if test.kind is Kind.KNOCKOUT:
        return knockout(forced, tick)
    if test.kind is Kind.CUT:
        return attention_cut(forced, tick)
    if test.kind is Kind.ATTRIBUTION:
        rival = vocabulary.word(test.rival).token_id if test.rival else None
        arrays, note = attribution(forced, rival)
        return arrays, note | {"rivals": vocabulary.texts(arrays["rival"].tolist())}
    forced.require_image()
    if test.kind is Kind.SALIENCY:
        assert material.image is not None  # image positions were required
        grid = _grid(forced, test, material.image)
        arrays, note = saliency(forced, _without(forced, test, material), grid, tick)
        small = material.image.convert("RGB")
        small.thumbnail((PICTURE, PICTURE))
        drawn_on = {"picture": np.asarray(small), "rectangles": grid.rectangles.float().numpy()}
        return arrays | drawn_on, note
    other = _without(forced, test, material)
    donor, base = (other, forced) if test.into_image else (forced, other)
    return patching(donor, base, tick)


def _grid(forced: Forced, test: CausalTest, image: Image.Image) -> Grid:
    """Where the patches lie; NaN where that is not known."""
    try:
        return patch_grid(forced.checkpoint, test.request.prompt, image)
    except InputError:
        patches = len(forced.image)
        return Grid(torch.full((patches, 4), torch.nan), torch.zeros(patches, dtype=torch.int))


def _without(forced: Forced, test: CausalTest, material: CausalMaterial) -> Forced:
    """The same answer taught to a run with the other image, or a grey one of the same size."""
    assert material.image is not None  # image positions were required
    other = material.other or blank_like(material.image)
    inputs = build_inputs(forced.checkpoint, test.request.prompt, other, None)
    return taught(forced.checkpoint, inputs, list(forced.emitted))


def _taught_tokens(forced: Forced, vocabulary: Vocabulary) -> list[Taught]:
    said = zip(forced.emitted, log_probabilities(forced).tolist(), strict=True)
    return [
        Taught(index=t, id=number, text=vocabulary.text(number), log_probability=value)
        for t, (number, value) in enumerate(said)
    ]
