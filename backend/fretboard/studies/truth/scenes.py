"""Truth of the bundled model's drawn scenes (`python -m fretboard.tiny_llava scene`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fretboard.core.words import Word
from fretboard.studies.truth.words import Judgement, Verdict
from fretboard.tiny_llava.world import dialogue
from fretboard.tiny_llava.world.judge import color_outcome, color_position, kind_recall
from fretboard.tiny_llava.world.scene import COLORS, KINDS, PLURAL, Group, Scene

VERDICT_OF: dict[str, Verdict] = {"true": "correct", "prior": "hallucinated", "other": "wrong"}
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
            count=int(group["count"]),
            size=group["size"],
            position=group["position"],
            boxes=tuple(tuple(box) for box in group["boxes"]),
        )
        for group in truth["groups"]
    )
    return SceneTruth(Scene(int(truth["seed"]), truth["place"], groups))


def _known(value: str, among: Sequence[str]) -> str:
    if value not in among:
        raise ValueError(f"{value!r} is none of {', '.join(among)}")
    return value
