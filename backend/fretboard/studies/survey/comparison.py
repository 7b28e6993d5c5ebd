"""Two surveys held against each other: two models, lenses, prompts or skips."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from fretboard.studies.statistics import SEED, Estimate, ImageBootstrap, Sample, mean_difference
from fretboard.studies.survey.summary import (
    Table,
    answers,
    flags_of,
    mutations,
    of_kind,
    reversals,
    words,
)

Pairing = Literal["image and prompt", "image", "none"]


@dataclass(frozen=True)
class Measure:
    """A quantity of a survey's tokens; `unit`: depths, share or probability."""

    key: str
    label: str
    unit: Literal["depths", "share", "probability"]
    sample: Callable[[Table], Sample]


def _answer(name: str) -> Callable[[Table], Sample]:
    def take(tokens: Table) -> Sample:
        each = answers(tokens)
        return each.sample(each[name])

    return take


def _apart(tokens: Table) -> Sample:
    each = answers(tokens)
    return each.sample(np.abs(each["probability_depth"] - each["critical_depth"]))


def _token(flags: Callable[[Table], np.ndarray], kind: str = "all") -> Callable[[Table], Sample]:
    def take(tokens: Table) -> Sample:
        chosen = of_kind(tokens, kind)
        return chosen.sample(flags(chosen))

    return take


def _right(tokens: Table) -> Sample:
    each = answers(tokens)
    right = [np.nan if value is None else float(value) for value in each["answer_correct"]]
    return each.sample(np.array(right, dtype=np.float64))


def _judged(verdict: str | None, of: Callable[[Table], np.ndarray]) -> Callable[[Table], Sample]:
    def take(tokens: Table) -> Sample:
        said = words(tokens)
        wanted = [v is not None if verdict is None else v == verdict for v in said["verdict"]]
        chosen = said.where(np.array(wanted, dtype=bool))
        return chosen.sample(of(chosen))

    return take


MEASURES = (
    Measure("critical_depth", "critical depth (JSD)", "depths", _answer("critical_depth")),
    Measure("probability_depth", "critical depth (probability)", "depths",
            _answer("probability_depth")),
    Measure("views_apart", "distance of the two views", "depths", _apart),
    Measure("mutation_depth", "mutation depth", "depths", _token(lambda t: t["mutation_depth"])),
    Measure("mutation_content", "mutation, content words", "share", _token(mutations, "content")),
    Measure("mutation_function", "mutation, function words", "share",
            _token(mutations, "function")),
    Measure("reversal_content", "reversal, content words", "share", _token(reversals, "content")),
    Measure("reversal_function", "reversal, function words", "share",
            _token(reversals, "function")),
    Measure("probability", "probability of the emitted token", "probability",
            _token(lambda t: t["probability"])),
    Measure("answers_correct", "answers correct", "share", _right),
    Measure("words_correct", "judged words correct", "share", _judged(None, flags_of)),
    Measure("reversal_hallucinated", "reversal, hallucinated words", "share",
            _judged("hallucinated", lambda t: t["reversal"])),
)  # fmt: skip


def compare(tokens: Table, earlier: Table) -> dict[str, Any]:
    """Differences (this survey less the earlier one), each with an interval over images."""
    pairing, here, there = _pair(tokens, earlier)
    relative = _layers(here) != _layers(there)
    if pairing == "none":
        boots = (
            ImageBootstrap(here["image_sha256"]),
            ImageBootstrap(there["image_sha256"], seed=SEED + 1),
        )
    else:
        boots = (ImageBootstrap(here["image_sha256"]),) * 2
    return {
        "paired_by": pairing,
        "pairs": 0 if pairing == "none" else len(answers(here)),
        "depths_relative_to_layers": relative,
        "this": _told(here),
        "earlier": _told(there),
        "same_answer": None if pairing == "none" else _same_answer(here, there, boots[0]),
        "measures": [
            found
            for measure in MEASURES
            if (found := _measured(measure, here, there, boots, relative)) is not None
        ],
    }


def _measured(
    measure: Measure,
    here: Table,
    there: Table,
    boots: tuple[ImageBootstrap, ImageBootstrap],
    relative: bool,
) -> dict[str, Any] | None:
    """None where one of the surveys has no such values."""
    mine, other = measure.sample(here), measure.sample(there)
    unit: str = measure.unit
    if unit == "depths" and relative:
        unit = "share of L"
        mine = Sample(mine.images, mine.values / _layers(here))
        other = Sample(other.images, other.values / _layers(there))
    difference = mean_difference(boots[0], mine, boots[1], other)
    if difference.value is None:
        return None
    estimates: dict[str, Estimate] = {
        "this": boots[0].mean(mine),
        "earlier": boots[1].mean(other),
        "difference": difference,
    }
    told = {name: estimate.as_dict() for name, estimate in estimates.items()}
    return {"key": measure.key, "label": measure.label, "unit": unit} | told


def _pair(tokens: Table, earlier: Table) -> tuple[Pairing, Table, Table]:
    """The answers that have a partner, by image and prompt; else by image alone, where each image
    was asked about once; else all, unpaired."""
    for pairing, names in (
        ("image and prompt", ("image_sha256", "prompt")),
        ("image", ("image_sha256",)),
    ):
        mine, theirs = _keys(tokens, names), _keys(earlier, names)
        shared = set(mine) & set(theirs)
        if shared and (pairing != "image" or _once(tokens, earlier)):
            return (
                pairing,  # type: ignore[return-value]
                tokens.where(np.array([key in shared for key in mine])),
                earlier.where(np.array([key in shared for key in theirs])),
            )
    return "none", tokens, earlier


def _keys(table: Table, names: tuple[str, ...]) -> list[tuple[Any, ...]]:
    return list(zip(*(table[name] for name in names), strict=True))


def _once(*tables: Table) -> bool:
    """Whether each image has one answer only."""
    return all(
        len(np.unique(answers(table)["image_sha256"])) == len(answers(table)) for table in tables
    )


def _same_answer(here: Table, there: Table, boot: ImageBootstrap) -> dict[str, Any]:
    """Share of the pairs with the very same answer."""
    prompts = len(np.unique(answers(here)["prompt"].astype(str)))
    names = ("image_sha256", "prompt") if prompts > 1 else ("image_sha256",)
    other = dict(_texts(there, names))
    pairs = [(key, float(text == other[key])) for key, text in _texts(here, names)]
    images = np.array([key[0] for key, _ in pairs])
    return boot.share(Sample.of(images, np.array([same for _, same in pairs]))).as_dict()


def _texts(table: Table, names: tuple[str, ...]) -> list[tuple[tuple[Any, ...], str]]:
    records, first = np.unique(table["record"], return_index=True)
    keys = _keys(table.where(first), names)
    order = np.searchsorted(records, table["record"])
    texts = [""] * len(records)
    for row, text in zip(order, table["text"], strict=True):
        texts[row] += text
    return list(zip(keys, texts, strict=True))


def _layers(table: Table) -> int:
    return int(table["layers"].max())


def _told(table: Table) -> dict[str, Any]:
    """What a survey was made with, for the report."""
    names = ("model", "revision", "lens", "skip_layers", "repair")
    known = [name for name in names if name in table.columns]  # an older survey may lack one
    told = {name: sorted(set(table[name].astype(str))) for name in known}
    prompts = sorted(set(table["prompt"].astype(str)))
    return told | {"prompts": prompts[:5], "layers": _layers(table), "answers": len(answers(table))}
