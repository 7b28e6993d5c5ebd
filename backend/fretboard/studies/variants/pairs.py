"""One image answered twice, plainly and with one change: what is kept, and what became better.

What is right or hallucinated is judged as in a survey. Intervals resample images (`bootstrap.py`).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from difflib import SequenceMatcher
from typing import Any

import pandas as pd

from fretboard.core.alignment import COLOUR_WORDS
from fretboard.core.analysis import Analysis
from fretboard.core.words import merge_words
from fretboard.studies.items import StudyItem
from fretboard.studies.statistics import Estimate, ImageBootstrap
from fretboard.studies.truth.words import Verdict

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


def pair_of(record: int, item: StudyItem, change: str, before: Analysis, after: Analysis) -> Pair:
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
    names = [field.name for field in fields(Pair)]
    table = pd.DataFrame([vars(pair) for pair in pairs], columns=names).set_index("image")
    boot = ImageBootstrap(table.index.astype(str))
    table["layers"] = table["layers"].map(len)
    table["unchanged"] = table["answer"] == table["plain_answer"]
    summary: dict[str, Any] = {"images": len(boot.names)}
    for name in ("layers", "kept", "in_order", "unchanged", "overruled"):
        summary[name.replace("_", " ")] = boot.mean(table[name])
    summary["slower"] = boot.median(table["slower"])
    sides = [_judgements(table[side]) for side in ("plain", "changed")]
    for name, counted, of in SHARES:
        before, later = (_flags(side[counted], side[of]) for side in sides)
        summary[name] = _before_after(boot, before, later, after)
    for name, quantity in (("named", "recall"), ("answers correct", "answer_correct")):
        before, later = (side[quantity] for side in sides)
        summary[name] = _before_after(boot, before, later, after)
    return summary


def _before_after(
    boot: ImageBootstrap, before: pd.Series, later: pd.Series, after: str
) -> dict[str, Estimate | None]:
    return {
        "plain": boot.share(before) if before.notna().any() else None,
        after: boot.share(later) if later.notna().any() else None,
        "change": boot.difference(later, before),
    }


def _judgements(side: pd.Series) -> pd.DataFrame:
    """A row for each answer with a truth."""
    known = side.dropna()
    names = [field.name for field in fields(Judged)]
    return pd.DataFrame(map(vars, known), columns=names, index=known.index)


def _flags(counted: pd.Series, of: pd.Series) -> pd.Series:
    """One value a judged word: 1 where it is one of those counted."""
    right, rest = counted.astype(int), (of - counted).astype(int)
    return pd.concat(
        [
            pd.Series(1.0, right.index.repeat(right)),
            pd.Series(0.0, rest.index.repeat(rest)),
        ]
    )


def _words(analysis: Analysis) -> list[str]:
    return (analysis.answer or "").lower().split()


def _seconds(analysis: Analysis) -> float:
    """A token's share of the run, without what reading the lens out took."""
    spent = analysis.timings["total"] - analysis.timings["readout"]
    return spent / len(analysis.tokens)


def judge(item: StudyItem, analysis: Analysis) -> Judged | None:
    """The item's truth held against the answer; None without one."""
    if item.truth is None:
        return None
    words = merge_words([token.text for token in analysis.tokens])
    judged = item.truth.judge(str(item.prompt), analysis.answer or "", words)
    verdicts = judged.verdicts
    colors = [v for w, v in zip(words, verdicts, strict=True) if w.text.lower() in COLOUR_WORDS]
    counts = (*_counted(verdicts), *_counted(colors))
    return Judged(*counts, judged.recall, judged.answer_correct)


def _counted(verdicts: Sequence[Verdict | None]) -> tuple[int, int, int]:
    judged = [verdict for verdict in verdicts if verdict is not None]
    return len(judged), judged.count("hallucinated"), judged.count("correct")
