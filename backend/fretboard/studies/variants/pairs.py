"""One image answered twice, plainly and with one change: what is kept, and what became better.

What is right or hallucinated is judged as in a survey. Intervals resample images (`bootstrap.py`).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

import numpy as np

from fretboard.core.analysis import Analysis
from fretboard.core.words import merge_words
from fretboard.studies.items import Item
from fretboard.studies.statistics import ImageBootstrap, Sample, mean_difference
from fretboard.studies.truth.words import Verdict
from fretboard.tiny_llava.world.scene import COLORS

SHARES = (
    ("hallucinated words", "hallucinated", "words"),
    ("correct words", "correct", "words"),
    ("hallucinated colours", "colors_hallucinated", "colors"),
    ("correct colours", "colors_correct", "colors"),
)


@dataclass(frozen=True)
class Judged:
    """Words of an answer with a verdict, those hallucinated and correct: all, and colours alone.

    recall: share of what is there that is named; answer_correct: of a question with one right
    answer. None where the truth does not tell.
    """

    words: int
    hallucinated: int
    correct: int
    colors: int
    colors_hallucinated: int
    colors_correct: int
    recall: float | None = None
    answer_correct: bool | None = None


@dataclass(frozen=True)
class Pair:
    """One image under one change: the layers skipped, what is kept (0…1), what is judged.

    kept: share of the plain answer's words that the other has too, whatever the order.
    in_order: 2 × words matched in order / words of both (difflib; at most ROUGE-L's F1).
    slower: seconds a token, changed / plain, without the readout. overruled: share of the tokens
    that were not the model's own first choice. plain, changed: None without a truth.
    """

    record: int
    image: str
    change: str
    layers: tuple[int, ...]
    plain_answer: str
    answer: str
    kept: float
    in_order: float
    plain: Judged | None
    changed: Judged | None
    slower: float = 1.0
    overruled: float = 0.0


def pair_of(record: int, item: Item, change: str, before: Analysis, after: Analysis) -> Pair:
    """The two answers of an item, held against each other and its truth."""
    said = [_words(analysis) for analysis in (before, after)]
    return Pair(
        record,
        str(item.image),
        change,
        after.request.skip_layers,
        before.answer or "",
        after.answer or "",
        kept_share(*said),
        in_order(*said),
        judge(item, before),
        judge(item, after),
        _seconds(after) / _seconds(before),
        sum(token.rank > 1 for token in after.tokens) / len(after.tokens),
    )


def kept_share(plain: Sequence[str], other: Sequence[str]) -> float:
    """Share of the words of `plain`, each as often as it stands there, that `other` has too."""
    return (Counter(plain) & Counter(other)).total() / len(plain) if plain else 1.0


def in_order(plain: Sequence[str], other: Sequence[str]) -> float:
    """Overlap of two texts with their order: 1 for equal ones, 0 without a common word."""
    return SequenceMatcher(None, plain, other, autojunk=False).ratio()


def summarise(pairs: Sequence[Pair], after: str = "skipped") -> dict[str, Any]:
    """Estimates over the images; shares of judged words, before and `after`."""
    images = np.array([pair.image for pair in pairs], dtype=str)
    boot = ImageBootstrap(images)
    each: dict[str, list[float]] = {
        "layers": [len(pair.layers) for pair in pairs],
        "kept": [pair.kept for pair in pairs],
        "in order": [pair.in_order for pair in pairs],
        "unchanged": [pair.answer == pair.plain_answer for pair in pairs],
        "overruled": [pair.overruled for pair in pairs],
    }
    told: dict[str, Any] = {"images": len(np.unique(images))}
    told |= {name: boot.mean(_values(images, each[name])).as_dict() for name in each}
    told["slower"] = boot.median(_values(images, [pair.slower for pair in pairs])).as_dict()
    for name, counted, of in SHARES:
        sides = [_flags(pairs, images, side, counted, of) for side in ("plain", "changed")]
        told[name] = _before_after(boot, sides, after)
    for name, quantity in (("named", "recall"), ("answers correct", "answer_correct")):
        sides = [_each(pairs, images, side, quantity) for side in ("plain", "changed")]
        told[name] = _before_after(boot, sides, after)
    return told


def _before_after(boot: ImageBootstrap, sides: Sequence[Sample], after: str) -> dict[str, Any]:
    before, later = sides
    return {
        "plain": boot.share(before).as_dict() if len(before.values) else None,
        after: boot.share(later).as_dict() if len(later.values) else None,
        "change": mean_difference(boot, later, boot, before).as_dict(),
    }


def _values(images: np.ndarray, values: Sequence[float]) -> Sample:
    return Sample.of(images, np.array(values, dtype=np.float64))


def _each(pairs: Sequence[Pair], images: np.ndarray, side: str, quantity: str) -> Sample:
    """One value an answer; none where the truth does not tell."""
    found = [getattr(getattr(pair, side), quantity, None) for pair in pairs]
    return _values(images, [np.nan if value is None else float(value) for value in found])


def _flags(pairs: Sequence[Pair], images: np.ndarray, side: str, counted: str, of: str) -> Sample:
    """One value a judged word: 1 where it is one of those `counted`."""
    at: list[str] = []
    values: list[float] = []
    for pair, image in zip(pairs, images, strict=True):
        judged = getattr(pair, side)
        if judged is not None:
            ones, count = getattr(judged, counted), getattr(judged, of)
            at += [image] * count
            values += [1.0] * ones + [0.0] * (count - ones)
    return Sample.of(np.array(at, dtype=str), np.array(values, dtype=np.float64))


def _words(analysis: Analysis) -> list[str]:
    return (analysis.answer or "").lower().split()


def _seconds(analysis: Analysis) -> float:
    """A token's share of the run, without what reading the lens out took."""
    spent = analysis.timings["total"] - analysis.timings["readout"]
    return spent / len(analysis.tokens)


def judge(item: Item, analysis: Analysis) -> Judged | None:
    """The item's truth held against the answer; None without one."""
    if item.truth is None:
        return None
    words = merge_words([token.text for token in analysis.tokens])
    judged = item.truth.judge(str(item.prompt), analysis.answer or "", words)
    verdicts = judged.verdicts
    colors = [v for word, v in zip(words, verdicts, strict=True) if word.text.lower() in COLORS]
    counts = (*_counted(verdicts), *_counted(colors))
    return Judged(*counts, judged.recall, judged.answer_correct)


def _counted(verdicts: Sequence[Verdict | None]) -> tuple[int, int, int]:
    judged = [verdict for verdict in verdicts if verdict is not None]
    return len(judged), judged.count("hallucinated"), judged.count("correct")
