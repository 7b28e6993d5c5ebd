"""The analysis document: what is stored and served of an analysis, but the arrays."""

import hashlib
import json
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from fretboard.core.errors import FretboardError
from fretboard.core.question import AnalysisRequest, SkipWhen
from fretboard.core.reading import Lens, StageMethod
from fretboard.core.repair import Repair

SCHEMA_VERSION = 1


class Status(StrEnum):
    """Life of an analysis."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"

    @property
    def over(self) -> bool:
        """Whether nothing waits or runs any more."""
        return self in (Status.DONE, Status.FAILED)


class ModelInfo(BaseModel):
    """The model that answered. `layers` = L, `width` of the residual stream, vocabulary size."""

    name: str
    revision: str
    family: str
    layers: int
    width: int
    vocabulary: int
    dtype: str | None = None
    """Of the hidden states; known once a worker has loaded the model."""


class TokenReversal(BaseModel):
    """A rival led through the stabilisation and lost late: evidence, not proof, of an error."""

    rival_id: int
    rival_text: str
    from_depth: int
    to_depth: int
    overturned_at: int


class Flag(BaseModel):
    """A content word's hallucination score (`lens/flags.py`): evidence, not proof, of an error."""

    score: float
    """0…1"""
    flagged: bool
    """The score reaches the threshold `flag_score`."""
    lead: TokenReversal | None
    """Of the rival behind the score; None where it is 0."""


class Token(BaseModel):
    """One emitted token, read at depth L with the analysis's lens."""

    model_config = ConfigDict(populate_by_name=True)

    index: int
    id: int
    text: str
    probability: float
    log_probability: float
    rank: int
    entropy: float
    token_class: Literal["stable", "mutation"] | None = Field(None, alias="class")
    emergence: int | None = None
    """The depth from which the emitted token leads to the end; None if it does not lead at L."""
    mutation_depth: int | None = None
    reversal: TokenReversal | None = None
    flag: Flag | None = None
    """None for function words, and where there is nothing to score."""
    story: str | None = None
    """How it came about under the stages' lens, in one sentence (`analysis/stories.py`)."""

    def __repr__(self) -> str:
        parts = [f"probability {self.probability:.2f}"]
        parts += [f"leads from depth {self.emergence}"] if self.emergence is not None else []
        parts += [f"mutates at {self.mutation_depth}"] if self.mutation_depth is not None else []
        if self.reversal is not None:
            parts.append(f"overturns {self.reversal.rival_text!r}")
        if self.flag is not None and self.flag.flagged:
            parts.append(f"flagged {self.flag.score:.2f}")
        return f"<token {self.index} {self.text!r}: {', '.join(parts)}>"


class Stages(BaseModel):
    """The nodes (METHOD: Stages, detected), how they were found, under which lens.

    Without stages there are no critical depth, token classes, mutations, reversals and flags.
    """

    method: StageMethod
    lens: Lens = Lens.NORMED
    verdict: Literal["stages", "none", "given"] = "given"
    """Whether the answer shows the three stages; `given`: its critical depth was not detected."""
    reason: str | None = None
    """Why there are none, as a sentence: “No stages found: …”."""
    critical_depth: int | None
    critical_interval: tuple[int, int] | None
    probability_depth: int | None
    thresholds: dict[str, float | None]


class Problem(BaseModel):
    """Why an analysis failed, in the words of the error's own title and detail."""

    title: str
    detail: str


UNFORESEEN = (
    "The run ended in a fault that nobody foresaw. Try again; if it fails again, look for this id "
    "in the log of the process that ran the model, and report what it says there."
)


def problem_of(error: Exception) -> Problem:
    """What the document of a failed analysis says of an error."""
    if isinstance(error, FretboardError):
        return Problem(title=error.title, detail=error.detail)
    return Problem(title=FretboardError.title, detail=UNFORESEEN)


FinishReason = Literal["stop", "length", "forced", "cancelled"]


class Document(BaseModel):
    """Of a record, as it is stored and served: everything but the arrays."""

    id: str

    def to_json(self) -> bytes:
        """The stored form."""
        return self.model_dump_json(by_alias=True, indent=1).encode()


class Analysis(Document):
    """The analysis document: everything but the arrays."""

    model_config = ConfigDict(populate_by_name=True)

    schema_version: int = SCHEMA_VERSION
    status: Status = Status.QUEUED
    request: AnalysisRequest
    model: ModelInfo
    answer: str | None = None
    """Of one that failed or was cancelled: what it had written."""
    finish_reason: FinishReason | None = None
    prompt_tokens: int | None = None
    image_positions: int | None = None
    repair: Repair | None = None
    """The repair as it ran, with all its settings; the figures show the model's own states."""
    tokens: list[Token] = []
    stages: Stages | None = None
    timings: dict[str, float] = {}
    error: Problem | None = None


YOUNGER = {"skip_when": SkipWhen.ALWAYS, "repair": Repair(), "steering": None, "salt": None}


def analysis_id(request: AnalysisRequest, model: ModelInfo) -> str:
    """Content id: the same request, image bytes, model revision and schema give the same id.

    A field younger than the first ids counts only where it is not at its default.
    """
    plain = {name for name, default in YOUNGER.items() if getattr(request, name) == default}
    hidden = {"image"} | plain  # the image is hashed apart
    canonical = {
        "schema": SCHEMA_VERSION,
        "request": request.model_dump(mode="json", exclude=hidden, exclude_computed_fields=True),
        "image": request.image.sha256 if request.image else None,
        "revision": model.revision,
    }
    return content_id(canonical)


def content_id(canonical: dict[str, object]) -> str:
    """The same values give the same 32 hex digits, whatever their order."""
    text = json.dumps(canonical, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def token_event(token: Token) -> dict[str, object]:
    """What the event stream tells of a token."""
    fields = token.model_dump(include={"index", "id", "text", "probability"})
    return {"type": "token", **fields}


def sibling_ids(analysis: Analysis) -> list[str]:
    """Ids of the same question under the other lenses: same answer, same hidden states."""
    request = analysis.request
    others = [lens for lens in Lens if lens != request.lens]
    return [
        analysis_id(request.model_copy(update={"lens": lens}), analysis.model) for lens in others
    ]
