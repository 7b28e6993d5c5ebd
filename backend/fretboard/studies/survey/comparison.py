"""Two surveys held against each other: two models, lenses, prompts or skips."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from fretboard.studies.statistics import SEED, Estimate, ImageBootstrap
from fretboard.studies.survey.summary import (
    Summary,
    answers,
    correctness,
    mutations,
    of_kind,
    reversals,
    words,
)

Pairing = Literal["image and prompt", "image", "none"]
SHOWN_PROMPTS = 5
KEYS: dict[Pairing, list[str]] = {
    "image and prompt": ["image_sha256", "prompt"],
    "image": ["image_sha256"],
}


@dataclass(frozen=True)
class Measure:
    """A quantity of a survey's tokens; `unit`: depths, share or probability."""

    key: str
    label: str
    unit: Literal["depths", "share", "probability"]
    sample: Callable[[pd.DataFrame], pd.Series]


def _apart(tokens: pd.DataFrame) -> pd.Series:
    each = answers(tokens)
    return (each["probability_depth"] - each["critical_depth"]).abs()


def _of_hallucinated(tokens: pd.DataFrame) -> pd.Series:
    said = words(tokens)
    return said.loc[said["verdict"] == "hallucinated", "reversal"]


MEASURES = (
    Measure("critical_depth", "critical depth (JSD)", "depths",
            lambda t: answers(t)["critical_depth"]),
    Measure("probability_depth", "critical depth (probability)", "depths",
            lambda t: answers(t)["probability_depth"]),
    Measure("views_apart", "distance of the two views", "depths", _apart),
    Measure("mutation_depth", "mutation depth", "depths", lambda t: t["mutation_depth"]),
    Measure("mutation_content", "mutation, content words", "share",
            lambda t: mutations(of_kind(t, "content"))),
    Measure("mutation_function", "mutation, function words", "share",
            lambda t: mutations(of_kind(t, "function"))),
    Measure("reversal_content", "reversal, content words", "share",
            lambda t: reversals(of_kind(t, "content"))),
    Measure("reversal_function", "reversal, function words", "share",
            lambda t: reversals(of_kind(t, "function"))),
    Measure("probability", "probability of the emitted token", "probability",
            lambda t: t["probability"]),
    Measure("answers_correct", "answers correct", "share", lambda t: answers(t)["answer_correct"]),
    Measure("words_correct", "judged words correct", "share", lambda t: correctness(words(t))),
    Measure("reversal_hallucinated", "reversal, hallucinated words", "share", _of_hallucinated),
)  # fmt: skip


def compare(tokens: pd.DataFrame, earlier: pd.DataFrame) -> Summary:
    """Differences (this survey less the earlier one), each with an interval over images."""
    pairing, here, there = _pair(tokens, earlier)
    boot = ImageBootstrap(here.index)
    other = ImageBootstrap(there.index, seed=SEED + 1) if pairing == "none" else boot
    measures = [_measured(measure, here, there, boot, other) for measure in MEASURES]
    return {
        "paired_by": pairing,
        "pairs": 0 if pairing == "none" else len(answers(here)),
        "depths_relative_to_layers": _layers(here) != _layers(there),
        "this": _about(here),
        "earlier": _about(there),
        "same_answer": None if pairing == "none" else _same_answer(here, there, boot),
        "measures": [measure for measure in measures if measure["difference"].value is not None],
    }


def _measured(
    measure: Measure,
    here: pd.DataFrame,
    there: pd.DataFrame,
    boot: ImageBootstrap,
    other: ImageBootstrap,
) -> dict[str, Any]:
    mine, theirs = (measure.sample(table).astype(float) for table in (here, there))
    unit: str = measure.unit
    if unit == "depths" and _layers(here) != _layers(there):
        unit = "share of L"
        mine, theirs = mine / _layers(here), theirs / _layers(there)
    return {
        "key": measure.key,
        "label": measure.label,
        "unit": unit,
        "this": boot.mean(mine),
        "earlier": other.mean(theirs),
        "difference": boot.difference(mine, theirs, other),
    }


def _pair(
    tokens: pd.DataFrame, earlier: pd.DataFrame
) -> tuple[Pairing, pd.DataFrame, pd.DataFrame]:
    """The answers that have a partner, by image and prompt; else by image alone, where each image
    was asked about once; else all, unpaired."""
    for pairing, names in KEYS.items():
        mine, theirs = (pd.MultiIndex.from_frame(table[names]) for table in (tokens, earlier))
        here, there = tokens[mine.isin(theirs)], earlier[theirs.isin(mine)]
        once = all(answers(table)["image_sha256"].is_unique for table in (tokens, earlier))
        if len(here) and (once or pairing != "image"):
            return pairing, here, there
    return "none", tokens, earlier


def _same_answer(here: pd.DataFrame, there: pd.DataFrame, boot: ImageBootstrap) -> Estimate:
    """Share of the pairs with the very same answer."""
    names = KEYS["image and prompt" if here["prompt"].nunique() > 1 else "image"]
    other = _texts(there, names).drop_duplicates(names, keep="last")
    both = _texts(here, names).merge(other, on=names)
    same = both["text_x"] == both["text_y"]
    return boot.share(same.set_axis(both["image_sha256"], axis="index"))


def _texts(table: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """The answers: `names`, and the tokens' texts as one."""
    return table.groupby([*names, "record"])["text"].agg("".join).reset_index()


def _layers(table: pd.DataFrame) -> int:
    return int(table["layers"].max())


def _about(table: pd.DataFrame) -> dict[str, Any]:
    """What a survey was made with, for the report."""
    names = ("model", "revision", "lens", "skip_layers", "repair", "steering")
    known = [name for name in names if name in table]  # an older survey may lack one
    return {name: sorted(table[name].unique()) for name in known} | {
        "prompts": sorted(table["prompt"].unique())[:SHOWN_PROMPTS],
        "layers": _layers(table),
        "answers": len(answers(table)),
    }
