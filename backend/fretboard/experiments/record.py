"""A finished experiment: what was asked, what came of it; its id is its content. No torch."""

import hashlib
import json
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from fretboard.document import ModelInfo
from fretboard.request import AnalysisRequest
from fretboard.store.records import Records, open_objects

ARRAYS = "arrays"
# Part of every id: raised when an experiment comes to compute something else.
VERSION = 1
BLANK = "blank"


class Kind(StrEnum):
    """The causal tests."""

    KNOCKOUT = "knockout"
    PATCHING = "patching"
    ATTRIBUTION = "attribution"
    CUT = "cut"


class Taught(BaseModel):
    """A token of the taught answer, with its log-probability (nats) in the plain run."""

    index: int
    id: int
    text: str
    log_probability: float


class Experiment(BaseModel):
    """Its arrays lie beside it (docs/experiments.md).

    other: `blank` or the SHA-256 of the image it is patched against; rival: a word, or "" for the
    strongest; note: what the arrays alone do not tell (units, spans, gaps).
    """

    id: str
    kind: Kind
    request: AnalysisRequest
    model: ModelInfo
    other: str = ""
    into_image: bool = False
    rival: str = ""
    answer: str = ""
    tokens: list[Taught] = []
    drift: float = 0.0
    note: dict[str, Any] = {}

    def to_json(self) -> bytes:
        """The document as stored."""
        return self.model_dump_json(indent=1).encode() + b"\n"


def experiment_id(kind: Kind, analysis_id: str, other: str, into_image: bool, rival: str) -> str:
    """Content id; `analysis_id` holds model, prompt, image, continuation and length."""
    content = [VERSION, kind.value, analysis_id, other, into_image, rival]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:20]


def open_experiments(url: str) -> Records[Experiment]:
    """The experiments in a folder (or `STORE_URL`), one subfolder each, written atomically."""
    return Records(open_objects(url), "experiments/{id}/", "experiment.json", Experiment)
