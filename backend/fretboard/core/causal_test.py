"""Causal tests of an answer: what was asked, what came of it; the id is its content. No torch."""

import hashlib
import json
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from fretboard.core.analysis import Analysis, Document, ModelInfo, Problem, Status
from fretboard.core.errors import InputError
from fretboard.core.question import AnalysisRequest

ARRAYS = "arrays"
# Part of every id: raised when a test comes to compute something else.
VERSION = 3
BLANK = "blank"
# Where patching puts states in: the second axis of its arrays.
SPANS = ("image", "prompt", "predicting", "all")
LONGEST_WORD = 100  # characters; a rival is one word
KNOCKOUT_OR_ATTRIBUTION = "Choose knockout or attribution."
HALF = 16  # hex digits of an id that tell the analysis, and as many that tell the test


class Kind(StrEnum):
    """The causal tests."""

    KNOCKOUT = "knockout"
    PATCHING = "patching"
    ATTRIBUTION = "attribution"
    CUT = "cut"
    SALIENCY = "saliency"

    @property
    def needs_image(self) -> bool:
        """Whether there is nothing to test without image positions."""
        return self in (Kind.PATCHING, Kind.CUT, Kind.SALIENCY)


class TestFields(BaseModel):
    """What is asked of a causal test."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    analysis: str
    """Whose answer is tested."""
    kind: Kind
    other: str = BLANK
    """Patch against: blank, or the id of an analysis whose image is used."""
    into_image: bool = False
    """Patch the other run's states into the image's run."""
    rival: Annotated[str, Field(max_length=LONGEST_WORD)] = ""
    """Attribute against this word."""


class Taught(BaseModel):
    """A token of the taught answer, with its log-probability (nats) in the plain run."""

    index: int
    id: int
    text: str
    log_probability: float


class CausalTest(Document):
    """Its arrays lie beside it (docs/experiments.md).

    analysis: id of the one whose answer is tested. other: `blank` or the SHA-256 of the image it is
    patched against; rival: a word, or "" for the strongest; drift: nats between one pass and
    decoding; note: what the arrays alone do not tell (units, spans, gaps).
    """

    kind: Kind
    status: Status = Status.QUEUED
    analysis: str
    request: AnalysisRequest
    model: ModelInfo
    other: str = ""
    into_image: bool = False
    rival: str = ""
    answer: str = ""
    tokens: list[Taught] = Field([])
    drift: float = 0.0
    note: dict[str, Any] = Field({})
    error: Problem | None = None


def planned(
    analysis: Analysis, kind: Kind, other: str = BLANK, into_image: bool = False, rival: str = ""
) -> CausalTest:
    """The record's head, without results; only what its kind depends on goes into the id.

    other: the SHA-256 of the image to patch against, or `blank`. Raises InputError for what this
    answer cannot be tested for, and for options that another kind has: they are not dropped.
    """
    patched = kind is Kind.PATCHING
    if not patched and (other != BLANK or into_image):
        raise InputError(
            f"other, other_image and into_image belong to patching; leave them out for {kind}."
        )
    if rival and kind is not Kind.ATTRIBUTION:
        raise InputError(f"rival belongs to attribution; leave it out for {kind}.")
    if kind.needs_image:
        _check_image(analysis, kind, other)
    other = other if patched else ""
    return CausalTest(
        id=_test_id(analysis.id, kind, other, into_image, rival),
        kind=kind,
        analysis=analysis.id,
        request=analysis.request,
        model=analysis.model,
        other=other,
        into_image=into_image,
        rival=rival,
        answer=analysis.answer or "",
    )


def _check_image(analysis: Analysis, kind: Kind, other: str) -> None:
    image = analysis.request.image
    if image is None:
        raise InputError(
            f"This answer was given without an image, so there is nothing for {kind} to "
            f"take away. {KNOCKOUT_OR_ATTRIBUTION}"
        )
    if analysis.status is Status.DONE and not analysis.image_positions:
        raise InputError(
            "This model takes its image in by cross-attention, not at positions of the prompt, so "
            f"{kind} has nothing to change. {KNOCKOUT_OR_ATTRIBUTION}"
        )
    if other == image.sha256:
        raise InputError(
            "The other image is the image of the answer itself: the two runs would not differ. "
            "Choose another one, or blank."
        )


def prefix_of(analysis_id: str) -> str:
    """What the ids of all causal tests of an analysis begin with."""
    return analysis_id[:HALF]


def _test_id(analysis_id: str, kind: Kind, other: str, into_image: bool, rival: str) -> str:
    """Content id; `analysis_id` holds model, prompt, image, answer and length."""
    content = [VERSION, kind.value, analysis_id, other, into_image, rival]
    digest = hashlib.sha256(json.dumps(content).encode()).hexdigest()
    return prefix_of(analysis_id) + digest[:HALF]
