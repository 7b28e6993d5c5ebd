"""What is asked of a model: a question as it comes, and its canonical form, which is hashed."""

import secrets
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, InstanceOf

from fretboard.core.errors import InputError
from fretboard.core.images import Picture
from fretboard.core.reading import Lens
from fretboard.core.repair import Repair, RepairKind, parse_numbers
from fretboard.core.steer import Steering

DEFAULT_NEW_TOKENS = 64


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
    """What was left out of it, and how its numbers became grey values where that is open."""


class QuestionFields(BaseModel):
    """What anyone may say of a question: a form, the command line, a notebook."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    prompt: str = ""
    """What to ask."""
    model: str | None = None
    """A model that is served; default: FRETBOARD_MODEL."""
    max_new_tokens: Annotated[int, Field(ge=1)] = DEFAULT_NEW_TOKENS
    """Longest answer, in tokens."""
    lens: Lens = Lens.NORMED
    """normed, raw, jacobian, tuned, or a difference of two."""
    skip_layers: str = ""
    """Decoder layers to leave out, such as 6-9,12; or a preset: skip.1."""
    skip_when: SkipWhen = SkipWhen.ALWAYS
    """Skip at all positions, or at the answer's own alone (decode)."""
    preset_of: str | None = None
    """The analysis from whose stages a preset of skip_layers is taken."""
    continuation: str | None = None
    """Analyse this answer instead of generating one."""
    repair: str = ""
    """Decode with dola, deco, skip-on-reversal, vcd or fade, such as 'deco strength=0.6'."""
    steering: str = ""
    """Add a word's direction to hidden states, or swap two: 'red depths=6 strength=1 away=blue'."""


class Question(QuestionFields):
    """A question about a picture, or about none."""

    image: Annotated[bytes | InstanceOf[Picture] | None, Field(exclude=True, repr=False)] = None
    """A picture's file as it came, or one that has been read; None: text only."""
    salt: str | None = None
    """Makes it private: equal questions with another salt, or none, do not find it."""

    def but(self, **changes: object) -> Self:
        """The same with other values, checked. Raises ValueError."""
        return type(self)(**dict(self) | changes)


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
    steering: Steering | None = None
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
