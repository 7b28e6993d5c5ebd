"""A lens that was fitted to one revision of a model: what it is, and how it came about."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from fretboard.core.reading import Lens

FittedKind = Literal[Lens.JACOBIAN, Lens.TUNED, Lens.LATENT]
FITTED_KINDS: tuple[FittedKind, ...] = (Lens.JACOBIAN, Lens.TUNED, Lens.LATENT)


def fitted_in(lens: Lens) -> tuple[FittedKind, ...]:
    """Those of a lens, or of the two of a difference, that have to be fitted."""
    parts = lens.pair or (lens,)
    return tuple(kind for kind in FITTED_KINDS if kind in parts)


class Span(StrEnum):
    """The positions that a lens was fitted at."""

    IMAGE = "image"
    """Where the prompt holds the image."""
    PROMPT = "prompt"
    """Where the answer is predicted: the prompt's end and the answer so far."""


class FitSettings(BaseModel):
    """How a lens is fitted."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    max_new_tokens: int = Field(48, ge=1)
    """Longest answer of an example, in tokens."""
    probes: int = Field(16, ge=1)
    """Jacobian: products an example; the width or more: exact."""
    rounds: int = Field(1, ge=1)
    """Times that the examples are gone through; a Jacobian needs one."""
    rate: float = Field(1e-3, gt=0)
    """Tuned: Adam's learning rate at the start."""
    seed: int = 0
    """Of probes and batches."""


class LensRecipe(BaseModel):
    """All that makes a fitted lens again, and how sure it is."""

    model_config = ConfigDict(frozen=True)

    kind: FittedKind
    model: str
    revision: str
    """Of the model's weights; a lens reads no other."""
    layers: int
    width: int
    data: str
    """What it was fitted on, in words."""
    examples: int
    positions: dict[Span, int] = {}
    """States that it was fitted on, by span."""
    seed: int = 0
    settings: dict[str, float] = {}
    """Of the fit: probes, steps, learning rate, …"""
    spread: dict[Span, list[float | None]] = {}
    """Jacobian: the standard error of J_d, as a share of its size, by depth."""
    unfitted: Annotated[list[int], Field(description="Depths that are read as normed.")] = []
    fretboard: str
    """The version that fitted it."""
