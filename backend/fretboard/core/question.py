"""What is asked: the request of an analysis and the choices it is made of. No torch."""

import secrets
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from fretboard.core.errors import InputError
from fretboard.core.repair import Repair, RepairKind, parse_numbers

DEFAULT_NEW_TOKENS = 64


class Lens(StrEnum):
    """The map from a hidden state to a distribution over the vocabulary (METHOD: Lens)."""

    NORMED = "normed"
    RAW = "raw"
    DIFFERENCE = "difference"
    """Raw minus normed: what of a finding is scale (tokens and stages are then the normed's)."""

    @property
    def base(self) -> "Lens":
        """The lens whose distributions are proper: the lens itself, normed for the difference."""
        return Lens.NORMED if self is Lens.DIFFERENCE else self


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


class SkipWhen(StrEnum):
    """At which positions the chosen layers are left out."""

    ALWAYS = "always"
    DECODE = "decode"
    """Prompt and image pass through all layers; the answer's own positions do without."""


class ImageInfo(BaseModel):
    """The uploaded image: SHA-256 of the uploaded bytes, upright size in pixels."""

    sha256: str
    width: int
    height: int
    media_type: str
    note: str = ""
    """How its numbers became grey values, where its file leaves that open."""


class AnalysisRequest(BaseModel):
    """What was asked, after defaults; with the image's hash and the model it makes the id."""

    model_config = ConfigDict(frozen=True)

    prompt: str
    model: str
    max_new_tokens: Annotated[int, Field(ge=1)] = DEFAULT_NEW_TOKENS
    lens: Lens = Lens.NORMED
    skip_layers: tuple[int, ...] = ()
    skip_when: SkipWhen = SkipWhen.ALWAYS
    continuation: str | None = None
    repair: Repair = Repair()
    salt: str | None = None
    """Of a private analysis: random, so that nobody can tell the id from what was asked."""
    image: ImageInfo | None = None


def new_salt() -> str:
    """128 random bits."""
    return secrets.token_hex(16)


def parse_layers(text: str, layers: int | None = None) -> tuple[int, ...]:
    """`"6-9,12"` → (6, 7, 8, 9, 12), sorted and unique. Raises InputError on anything else."""
    chosen = parse_numbers(text, "skip_layers")
    check_layers(chosen, layers)
    return chosen


def check_layers(chosen: Sequence[int], layers: int | None) -> None:
    """Raises InputError where a layer lies outside 0…layers−1."""
    if layers is not None and any(layer >= layers for layer in chosen):
        raise InputError(f"skip_layers names layer {max(chosen)}; the model has 0 to {layers - 1}.")


def check_repair(request: AnalysisRequest) -> None:
    """Raises InputError where the repair and something else asked exclude each other."""
    kind = request.repair.kind
    if kind is RepairKind.SKIP_ON_REVERSAL and request.skip_layers:
        raise InputError(
            f"{kind} chooses its own layers at each token: leave out skip_layers, or the repair."
        )
    if kind not in (RepairKind.NONE, RepairKind.FADE) and request.continuation:
        raise InputError(
            f"The repair {kind} chooses tokens, and a continuation gives them: leave one out."
        )
    if kind is RepairKind.VCD and request.image is None:
        raise InputError("VCD contrasts the image with a blank one: send an image.")
