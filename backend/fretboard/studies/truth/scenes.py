"""Truth of the bundled model's drawn scenes (`python -m fretboard.tiny_llava scene`)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from fretboard.core.words import Word
from fretboard.studies.truth.words import Judgement, Verdict
from fretboard.tiny_llava.world import dialogue
from fretboard.tiny_llava.world.judge import color_outcome, color_position, kind_recall
from fretboard.tiny_llava.world.scene import (
    COLORS,
    KINDS,
    NUMBER_WORDS,
    PLACES,
    PLURAL,
    POSITIONS,
    SIZES,
    Box,
    Group,
    Scene,
)

VERDICT_OF: dict[str, Verdict] = {"true": "correct", "prior": "hallucinated", "other": "wrong"}
Known = TypeVar("Known", str, int)
KIND_OF = {word: kind for kind in KINDS for word in (kind, PLURAL[kind])}


@dataclass(frozen=True)
class SceneTruth:
    """A drawn scene: which kinds are there, and in which colours."""

    scene: Scene
    kind: str = "scene"
    label: str | None = None

    def judge(self, prompt: str, answer: str, words: Sequence[Word]) -> Judgement:
        """Names of kinds, and the colour stated for each drawn group.

        A kind that is not drawn is hallucinated, and so is the kind's typical colour for an
        object drawn in another; any other false colour is wrong.
        """
        said = [word.text.lower() for word in words]
        verdicts = [self._kind_verdict(word) for word in said]
        form = dialogue.BRIEF if prompt == dialogue.BRIEF else dialogue.CAPTION
        for group in self.scene.groups:
            at = color_position(said, dialogue.noun(group), COLORS, form)
            if at is not None:
                verdicts[at] = VERDICT_OF[color_outcome(group, said[at])]
        correct = self._answer_correct(prompt, answer)
        recall = kind_recall(self.scene, answer) if correct is None else None
        return Judgement(correct, verdicts, recall)

    def _kind_verdict(self, word: str) -> Verdict | None:
        if word not in KIND_OF:
            return None
        return "correct" if self.scene.find(KIND_OF[word]) else "hallucinated"

    def _answer_correct(self, prompt: str, answer: str) -> bool | None:
        """For a question of the world's own with one right answer; None for a caption."""
        exchanges = [exchange for exchange in self._exchanges() if exchange.question == prompt]
        return any(answer == exchange.answer for exchange in exchanges) if exchanges else None

    def _exchanges(self) -> list[dialogue.QuestionAnswer]:
        exchanges = [dialogue.place_question(self.scene)]
        exchanges += [dialogue.existence_question(k, bool(self.scene.find(k))) for k in KINDS]
        for ask in (dialogue.color_question, dialogue.count_question, dialogue.position_question):
            exchanges += [ask(group) for group in self.scene.groups]
        return exchanges


def parse_scene(truth: dict[str, Any]) -> SceneTruth:
    """Read a scene's JSON. Raises KeyError, TypeError or ValueError when it is none."""
    groups = tuple(
        Group(
            kind=_known(group["kind"], KINDS),
            color=_known(group["color"], COLORS),
            count=_known(group["count"], NUMBER_WORDS),
            size=_known(group["size"], SIZES),
            position=_known(group["position"], POSITIONS),
            boxes=tuple(_box(box) for box in group["boxes"]),
        )
        for group in truth["groups"]
    )
    if not groups:
        raise ValueError("no groups")
    return SceneTruth(Scene(int(truth["seed"]), _known(truth["place"], PLACES), groups))


def _box(sides: Sequence[Any]) -> Box:
    left, top, right, bottom = map(float, sides)
    return left, top, right, bottom


def _known(value: Known, among: Collection[Known]) -> Known:
    if value not in list(among):  # a list takes what cannot be hashed
        raise ValueError(f"{value!r:.60} is none of {', '.join(map(str, among))}")
    return value
