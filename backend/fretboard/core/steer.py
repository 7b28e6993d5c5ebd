"""Steering: a direction added to hidden states, or two concepts exchanged in them. No torch."""

import re
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, computed_field

from fretboard.core.errors import InputError
from fretboard.core.repair import Numbers, spans, written
from fretboard.core.validation import from_pairs

MOST = 100.0  # lengths of a state: beyond it nothing is left of the state itself
ANALYSIS_ID = re.compile(r"[0-9a-f]{32}")


class SteerDirection(StrEnum):
    """What a concept's direction is, at one depth (docs/interventions.md)."""

    UNEMBEDDING = "unembedding"
    """The word's row of W_U through the final norm's scale, at every depth the same."""
    JACOBIAN = "jacobian"
    """That row times J_d of the fitted Jacobian lens."""
    TUNED = "tuned"
    """That row times I + A_d of the fitted tuned lens."""
    LATENT = "latent"
    """The mean of the word's states in captions, less that of all words (the latent lens)."""
    MEANS = "means"
    """The mean of the states that predict an analysis's answer; words are then analyses' ids."""


class SteerAt(StrEnum):
    """The positions that are changed."""

    ANSWER = "answer"
    """Where the answer is predicted: the prompt's last position and the answer's own."""
    PROMPT = "prompt"
    """The prompt's, image and last position included."""
    IMAGE = "image"
    ALL = "all"


class SteerSettings(BaseModel):
    """What may be said beside the word; () for depths: not given (see `parse_steering`)."""

    model_config = ConfigDict(frozen=True)

    away: str = ""
    """Steer from this word to the first."""
    swap: str = ""
    """Exchange this word and the first: nothing is added."""
    depths: Numbers = ()
    """Where the states are changed, 0…L."""
    strength: Annotated[float, Field(ge=-MOST, le=MOST, allow_inf_nan=False)] = 1.0
    """In lengths of the state that is changed; of a swap, the share exchanged. 0 = plain."""
    direction: SteerDirection = SteerDirection.UNEMBEDDING
    at: SteerAt = SteerAt.ANSWER
    tokens: Numbers = ()
    """Of the answer's positions those alone that predict these tokens, from 0."""


class Steering(SteerSettings):
    """A concept, and what is done to the states with it."""

    towards: str

    def __str__(self) -> str:
        """As it is written in a request: `red away=blue depths=6 strength=1`."""
        return written(self.towards, self._settings())

    @computed_field  # type: ignore[prop-decorator]
    @property
    def summary(self) -> str:
        """For people: `steered from blue to red at depth 6, strength 1`."""
        to, away, swap = map(_named, (self.towards, self.away, self.swap))
        deed = f"steered from {away} to {to}" if away else f"steered towards {to}"
        deed = f"swapped {to} and {swap}" if swap else deed
        plural = "s" * (len(self.depths) > 1)
        where = f"{deed} at depth{plural} {spans(self.depths)}"
        whole = bool(swap) and self.strength == 1
        return where if whole else f"{where}, strength {self.strength:g}"

    def _settings(self) -> dict[str, object]:
        plain = SteerSettings().model_dump()
        always = {"depths", "strength"}  # what sets runs apart is read at a glance
        values = self.model_dump(exclude={"towards"}, exclude_computed_fields=True)
        return {n: v for n, v in values.items() if v != plain[n] or n in always}


def parse_steering(text: str, layers: int | None = None) -> Steering | None:
    """`"red depths=6"` → all settings, for a model of `layers` layers; `""` → None.

    Without depths it is the middle one. Raises InputError.
    """
    concept, *settings = text.split() or [""]
    if not concept:
        return None
    changed = from_pairs(SteerSettings, "setting of steering", settings)
    if not changed.depths and layers is None:
        raise InputError(
            "The model's config does not tell its layers, so there is no middle depth to steer "
            "at. Give one: depths=6."
        )
    depths = changed.depths or ((layers or 0) // 2,)
    steering = Steering(**changed.model_dump() | {"depths": depths, "towards": concept})
    check_steering(steering, layers)
    return steering


def check_steering(steering: Steering, layers: int | None) -> None:
    """Raises InputError where settings exclude each other, or a depth lies outside 0…layers."""
    other = steering.away or steering.swap
    if steering.away and steering.swap:
        raise InputError("away adds a direction and swap exchanges two: give one of them.")
    if other == steering.towards:
        raise InputError(f"Both words are {other!r}: there is nothing between them.")
    if steering.swap and len(steering.depths) > 1:
        raise InputError(
            "A swap at several depths undoes itself: what one exchanges the next exchanges back. "
            "Choose one depth."
        )
    if steering.tokens and steering.at is not SteerAt.ANSWER:
        raise InputError(f"tokens are of the answer, and at is {steering.at}: leave out one.")
    if layers is not None and steering.depths[-1] > layers:
        raise InputError(f"There is no depth {steering.depths[-1]}; the model has 0 to {layers}.")
    if steering.direction is SteerDirection.MEANS:
        concepts = (steering.towards, other)
        if not all(ANALYSIS_ID.fullmatch(concept) for concept in concepts):
            raise InputError(
                "With direction=means the concepts are two analyses: give their ids, as in "
                "'ID away=ID direction=means'."
            )


def _named(concept: str) -> str:
    """A word, or the beginning of an analysis's id."""
    return concept[:8] if ANALYSIS_ID.fullmatch(concept) else concept
