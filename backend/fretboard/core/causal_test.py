"""Causal tests of an answer: what was asked, what came of it; the id is its content. No torch."""

import hashlib
import json
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from fretboard.core.analysis import Analysis, ModelInfo, Problem, Status
from fretboard.core.question import AnalysisRequest

ARRAYS = "arrays"
# Part of every id: raised when a test comes to compute something else.
VERSION = 2
BLANK = "blank"
# Where patching puts states in: the second axis of its arrays.
SPANS = ("image", "prompt", "predicting", "all")
LONGEST_WORD = 100  # characters; a rival is one word
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

    model_config = ConfigDict(frozen=True)

    analysis: Annotated[str, Field(description="Whose answer is tested.")]
    kind: Kind
    other: Annotated[
        str,
        Field(description="Patch against: blank, or the id of an analysis whose image is used."),
    ] = BLANK
    into_image: Annotated[
        bool, Field(description="Patch the other run's states into the image's run.")
    ] = False
    rival: Annotated[
        str, Field(max_length=LONGEST_WORD, description="Attribute against this word.")
    ] = ""


class Taught(BaseModel):
    """A token of the taught answer, with its log-probability (nats) in the plain run."""

    index: int
    id: int
    text: str
    log_probability: float


class CausalTest(BaseModel):
    """Its arrays lie beside it (docs/experiments.md).

    analysis: id of the one whose answer is tested. other: `blank` or the SHA-256 of the image it is
    patched against; rival: a word, or "" for the strongest; drift: nats between one pass and
    decoding; note: what the arrays alone do not tell (units, spans, gaps).
    """

    id: str
    kind: Kind
    status: Status = Status.QUEUED
    analysis: str
    request: AnalysisRequest
    model: ModelInfo
    other: str = ""
    into_image: bool = False
    rival: str = ""
    answer: str = ""
    tokens: list[Taught] = []
    drift: float = 0.0
    note: dict[str, Any] = {}
    error: Problem | None = None

    def to_json(self) -> bytes:
        """The document as stored."""
        return self.model_dump_json(indent=1).encode() + b"\n"


def planned(
    analysis: Analysis, kind: Kind, other: str = BLANK, into_image: bool = False, rival: str = ""
) -> CausalTest:
    """The record's head, without results; only what its kind depends on goes into the id."""
    patched = kind is Kind.PATCHING
    other, into_image = (other if patched else ""), into_image and patched
    rival = rival if kind is Kind.ATTRIBUTION else ""
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


def prefix_of(analysis_id: str) -> str:
    """What the ids of all causal tests of an analysis begin with."""
    return analysis_id[:HALF]


def _test_id(analysis_id: str, kind: Kind, other: str, into_image: bool, rival: str) -> str:
    """Content id; `analysis_id` holds model, prompt, image, answer and length."""
    content = [VERSION, kind.value, analysis_id, other, into_image, rival]
    told = hashlib.sha256(json.dumps(content).encode()).hexdigest()
    return prefix_of(analysis_id) + told[:HALF]
