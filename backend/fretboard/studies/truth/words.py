"""What the annotations say of an image, and how an answer's words are held against it.

A word is `correct`, `hallucinated` (named, but annotated as not there), `wrong` (false, but
nothing is invented: a "no" to what is there), `unconfirmed` (the annotation does not tell), or
not judged at all.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from fretboard.core.words import Word

Verdict = Literal["correct", "hallucinated", "wrong", "unconfirmed"]
YesOrNo = Literal["yes", "no"]

# The 80 object categories of COCO (cocodataset.org, instances_*2014.json).
COCO_CATEGORIES = """
    person, bicycle, car, motorcycle, airplane, bus, train, truck, boat, traffic light,
    fire hydrant, stop sign, parking meter, bench, bird, cat, dog, horse, sheep, cow, elephant,
    bear, zebra, giraffe, backpack, umbrella, handbag, tie, suitcase, frisbee, skis, snowboard,
    sports ball, kite, baseball bat, baseball glove, skateboard, surfboard, tennis racket, bottle,
    wine glass, cup, fork, knife, spoon, bowl, banana, apple, sandwich, orange, broccoli, carrot,
    hot dog, pizza, donut, cake, chair, couch, potted plant, bed, dining table, toilet, tv, laptop,
    mouse, remote, keyboard, cell phone, microwave, oven, toaster, sink, refrigerator, book, clock,
    vase, scissors, teddy bear, hair drier, toothbrush
    """
COCO_NAMES = frozenset(name.strip() for name in COCO_CATEGORIES.split(","))
PEOPLE = frozenset(("person", "man", "woman", "boy", "girl", "child", "kid"))
IRREGULAR = {
    "people": "person", "men": "man", "women": "woman", "children": "child", "mice": "mouse",
    "knives": "knife", "leaves": "leaf", "sheep": "sheep", "skis": "skis", "scissors": "scissors",
}  # fmt: skip


@dataclass(frozen=True)
class Judgement:
    """Whether the answer as a whole is right (None: not told), and one verdict a word.

    recall: share of the things annotated as there that the answer names; None: not told.
    """

    answer_correct: bool | None
    verdicts: list[Verdict | None]
    recall: float | None = None


class Truth(Protocol):
    """The annotation of one image, or of one question about it."""

    @property
    def kind(self) -> str: ...
    @property
    def label(self) -> str | None: ...
    def judge(self, prompt: str, answer: str, words: Sequence[Word]) -> Judgement: ...


@dataclass(frozen=True)
class YesNo:
    """A question of yes or no (POPE, AMBER's discriminative tasks)."""

    label: YesOrNo
    kind: str = "yes-no"

    def judge(self, prompt: str, answer: str, words: Sequence[Word]) -> Judgement:
        """The answer's word of yes or no carries the verdict: a wrong yes is a hallucination."""
        correct = yes_or_no(answer) == self.label
        wrong: Verdict = "hallucinated" if self.label == "no" else "wrong"
        verdict: Verdict = "correct" if correct else wrong
        verdicts: list[Verdict | None] = [None] * len(words)
        said = [i for i, word in enumerate(words) if word.text.lower() in ("yes", "no")]
        if said:
            verdicts[said[0]] = verdict
        return Judgement(correct, verdicts)


@dataclass(frozen=True)
class ObjectLists:
    """Objects that are there and objects that are not (AMBER's generative task)."""

    present: frozenset[str]
    absent: frozenset[str]
    kind: str = "objects"
    label: str | None = None

    def judge(self, prompt: str, answer: str, words: Sequence[Word]) -> Judgement:
        """Words on either list; the present one wins, as in AMBER's own evaluation."""
        return Judgement(None, [self._verdict(word.text) for word in words])

    def _verdict(self, word: str) -> Verdict | None:
        forms = base_forms(word)
        if forms & self.present:
            return "correct"
        return "hallucinated" if forms & self.absent else None


@dataclass(frozen=True)
class Captions:
    """People's captions of the image (COCO). They need not name all that is there."""

    captions: tuple[str, ...]
    kind: str = "captions"
    label: str | None = None

    def judge(self, prompt: str, answer: str, words: Sequence[Word]) -> Judgement:
        """COCO's categories among the words: in some caption, or else unconfirmed."""
        named = {name for text in self.captions for name, _ in mentions(_plain_words(text))}
        verdicts: list[Verdict | None] = [None] * len(words)
        for name, places in mentions([word.text for word in words]):
            for place in places:
                verdicts[place] = "correct" if name in named else "unconfirmed"
        return Judgement(None, verdicts)


@dataclass(frozen=True)
class Instances:
    """COCO's categories that are annotated in the image, all of them (CHAIR).

    Rohrbach et al., arXiv 1809.02156, add what people's captions name, and take more synonyms.
    """

    present: frozenset[str]
    kind: str = "instances"
    label: str | None = None

    def judge(self, prompt: str, answer: str, words: Sequence[Word]) -> Judgement:
        """One verdict a mention, at its first word: there, or else hallucinated."""
        verdicts: list[Verdict | None] = [None] * len(words)
        named = set()
        for name, places in mentions([word.text for word in words]):
            named.add(name)
            verdicts[places[0]] = "correct" if name in self.present else "hallucinated"
        recall = len(named & self.present) / len(self.present) if self.present else None
        return Judgement(None, verdicts, recall)


def yes_or_no(answer: str) -> YesOrNo:
    """POPE's rule (its evaluate.py): "no" or "not" in the first sentence, else yes."""
    first = answer.partition(".")[0].replace(",", "").split()
    return "no" if {"No", "no", "not"} & set(first) else "yes"


def mentions(words: Sequence[str]) -> Iterable[tuple[str, range]]:
    """COCO categories named in `words`, with their places; the longest name wins."""
    forms = [base_forms(word) for word in words]
    place = 0
    while place < len(words):
        category = None
        for length in (2, 1):
            category = _category(forms[place : place + length], length)
            if category is not None:
                yield category, range(place, place + length)
                break
        place += length if category is not None else 1


def _category(forms: Sequence[set[str]], length: int) -> str | None:
    if len(forms) < length:
        return None
    if length == 2:
        names = {f"{first} {second}" for first in forms[0] for second in forms[1]}
    else:
        names = forms[0] | ({"person"} if forms[0] & PEOPLE else set())
    return min(names & COCO_NAMES, default=None)


def base_forms(word: str) -> set[str]:
    """The word in lower case and what it may be the plural of."""
    bare = word.lower()
    forms = {bare, IRREGULAR.get(bare, bare)}
    for ending, instead in (("ies", "y"), ("ves", "f"), ("es", ""), ("s", "")):
        if bare.endswith(ending) and len(bare) > len(ending) + 1 and not bare.endswith("ss"):
            forms.add(bare.removesuffix(ending) + instead)
    return forms


def _plain_words(text: str) -> list[str]:
    return re.findall(r"[\w'’-]+", text)
