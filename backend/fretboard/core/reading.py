"""How an analysis is read: lens, divergence, display scaling, stages and their thresholds.

Names, ranges, defaults and help stand here once; the query, the command line, the notebook and the
OpenAPI document read them from these fields.
"""

import math
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

SEED = 0  # of the resamplings: the same arrays give the same interval


class Lens(StrEnum):
    """The map from a hidden state to a distribution over the vocabulary (METHOD: Lens)."""

    NORMED = "normed"
    RAW = "raw"
    JACOBIAN = "jacobian"
    """Fitted: the state as it reaches depth L on average, J_d h_d, then as normed."""
    TUNED = "tuned"
    """Fitted: h_d + A_d h_d + b_d, nearest to the final distribution, then as normed."""
    LATENT = "latent"
    """Fitted, of image positions alone: the words whose states in text lie nearest."""
    DIFFERENCE = "difference"
    """Raw minus normed: what of a finding is scale (tokens and stages are then the normed's)."""
    JACOBIAN_NORMED = "jacobian-normed"
    TUNED_NORMED = "tuned-normed"
    JACOBIAN_RAW = "jacobian-raw"
    TUNED_RAW = "tuned-raw"
    TUNED_JACOBIAN = "tuned-jacobian"

    @property
    def pair(self) -> "tuple[Lens, Lens] | None":
        """Of a difference: the lens, and the one that is taken off it."""
        if self is Lens.DIFFERENCE:
            return Lens.RAW, Lens.NORMED
        first, _, second = self.value.partition("-")
        return (Lens(first), Lens(second)) if second else None

    @property
    def base(self) -> "Lens":
        """The lens whose distributions are proper: itself; of a difference, the one taken off."""
        return self.pair[1] if self.pair else self


class Scaling(StrEnum):
    """Display scaling of a figure's values by their largest absolute value (METHOD: Level 2)."""

    NONE = "none"
    DEPTH = "depth"
    """The paper's MaxAbsScaler: colours cannot be compared across depths."""
    TOKEN = "token"


class StageMethod(StrEnum):
    """How the critical and mutation depths are found (METHOD: Stages, detected)."""

    AUTOMATIC = "automatic"
    PAPER = "paper"


class Divergence(StrEnum):
    """How far the distributions of two adjacent depths lie apart (METHOD: Level 2)."""

    JSD = "jsd"
    PAPER_CODE = "paper-code"
    SYMMETRIC_KL = "symmetric-kl"


class Thresholds(BaseModel):
    """All thresholds of the detected stages and flags, in one place."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    critical_depth: Annotated[int | None, Field(ge=1)] = None
    """Given instead of detected."""
    stage_drop: Annotated[float, Field(ge=1)] = 6.0
    """Stages: mean JSD before the critical depth is this many times that after it"""
    stage_gain: Annotated[float, Field(ge=0, le=1)] = 0.1
    """… the emitted words gain this much mean probability"""
    stage_lag: Annotated[float, Field(ge=0, le=1)] = 0.125
    """… half of it at most this share of all depths after the critical depth"""
    stage_share: Annotated[float, Field(ge=0, le=1)] = 0.5
    """… in this share of the resamplings."""
    mutation_sigmas: Annotated[float, Field(ge=0)] = 4.0
    """A mutation's log JSD stands this many robust deviations above the token's stabilisation"""
    mutation_min_ratio: Annotated[float, Field(ge=1)] = 3.0
    """… and at least this many times its median"""
    mutation_min_jsd: Annotated[float, Field(ge=0, le=math.log(2))] = 0.02
    """… and is at least this many nats."""
    reversal_share: Annotated[float, Field(ge=0, le=1)] = 0.5
    """A rival that leads at least this share of the depths from critical to mutation."""
    flag_score: Annotated[float, Field(ge=0, le=1)] = 0.3
    """A content word with at least this hallucination score is flagged."""
    resamples: Annotated[int, Field(ge=1, le=10_000)] = 200
    """Resamplings of the tokens for the interval of the critical depth."""
    interval: Annotated[float, Field(gt=0, lt=1)] = 0.9
    """Coverage of that interval."""

    def as_dict(self) -> dict[str, float | None]:
        """For the document."""
        chosen: dict[str, float | None] = self.model_dump(include=set(Thresholds.model_fields))
        return chosen | {"seed": SEED}


def _without_default(schema: dict[str, Any]) -> None:
    """In the OpenAPI document: the default is the analysis's own."""
    schema.pop("default", None)


class Reading(Thresholds):
    """How the numbers of an analysis are read, and how its stages are found."""

    lens: Annotated[Lens, Field(json_schema_extra=_without_default)] = Lens.NORMED
    """normed, raw, jacobian, tuned, latent (image positions), or the difference of two: difference
    (raw − normed), tuned-normed, …; default: the analysis's own."""
    divergence: Divergence = Divergence.JSD
    """Of adjacent depths."""
    scale: Scaling = Scaling.NONE
    """Display scaling of figures."""

    stages: StageMethod = StageMethod.AUTOMATIC
    """How the stages are found: automatic, or the paper's fixed depths."""
    sublayers: bool = False
    """Half depths too: d + ½ is after the attention of layer d, before its MLP."""

    @model_validator(mode="before")
    @classmethod
    def _older_name(cls, values: Any) -> Any:
        """`scaling` in the reading.json of an older folder."""
        if isinstance(values, dict) and "scaling" in values:
            return {("scale" if k == "scaling" else k): v for k, v in values.items()}
        return values

    def as_meta(self) -> dict[str, Any]:
        """For a figure's `meta`, which says what it shows."""
        halves = {"sublayers": True} if self.sublayers else {}
        return {"lens": self.lens, "divergence": self.divergence, "scaling": self.scale, **halves}

    def under(self, lens: Lens) -> "Reading":
        """With this lens where none was chosen."""
        return self if "lens" in self.model_fields_set else self.but(lens=lens)

    def but(self, **changes: Any) -> "Reading":
        """A copy with other values, checked. Raises ValueError."""
        return Reading(**self.model_dump(exclude_unset=True) | changes)
