"""tokens.parquet → summary.json: depths, classes, the two views, agreement with the truth.

Every table's index names the image of a row, so that each column is a sample.
"""

from pathlib import Path
from typing import Any

import pandas as pd

from fretboard.studies.statistics import COVERAGE, RESAMPLES, SEED, ImageBootstrap

KINDS = ("all", "content", "function")
VERDICTS = ("correct", "hallucinated", "wrong", "unconfirmed")
Summary = dict[str, Any]
"""Of counts, texts and `Estimate`s."""


def read_table(path: Path) -> pd.DataFrame:
    """The tokens of a survey; a missing number is NaN."""
    tokens = pd.read_parquet(path)
    return tokens.set_axis(tokens["image_sha256"].to_numpy(), axis="index")


def answers(tokens: pd.DataFrame) -> pd.DataFrame:
    """One row per answer: the columns that its tokens share."""
    return tokens.drop_duplicates("record")


def words(tokens: pd.DataFrame) -> pd.DataFrame:
    """One row per word; `reversal` and `mutation`: whether any of its tokens has one."""
    word = ["record", "word_index"]
    marked = tokens.assign(reversal=reversals(tokens), mutation=mutations(tokens))
    flags = marked.groupby(word)[["reversal", "mutation"]].transform("max")
    return marked.assign(**flags).drop_duplicates(word)


def mutations(tokens: pd.DataFrame) -> pd.Series:
    """1 mutation, 0 stable, NaN not classified."""
    return tokens["class"].map({"mutation": 1.0, "stable": 0.0}).astype(float)


def reversals(tokens: pd.DataFrame) -> pd.Series:
    """1 reversal, 0 none, NaN where the token was not classified."""
    return tokens["reversal"].astype(float).where(tokens["class"].notna())


def correctness(judged: pd.DataFrame) -> pd.Series:
    """1 correct, 0 hallucinated or wrong, NaN unconfirmed or not judged."""
    known = judged["verdict"].notna() & (judged["verdict"] != "unconfirmed")
    return (judged["verdict"] == "correct").astype(float).where(known)


def of_kind(table: pd.DataFrame, kind: str) -> pd.DataFrame:
    """The rows whose word is of `kind`; `all` takes every row."""
    return table if kind == "all" else table[table["word_kind"] == kind]


def summarise(tokens: pd.DataFrame) -> Summary:
    """All figures of a survey, each with a 95 % interval over images."""
    boot = ImageBootstrap(tokens.index)
    each, said = answers(tokens), words(tokens)
    kinds = {kind: of_kind(tokens, kind) for kind in KINDS}
    return {
        "intervals": f"{100 * COVERAGE:.0f} % percentile bootstrap over images, "
        f"{RESAMPLES} resamples, seed {SEED}",
        "images": len(boot.names),
        "answers": len(each),
        "words": len(said),
        "tokens": len(tokens),
        "stages": {str(v): int(n) for v, n in each["stages"].value_counts().items()},
        "critical_depth": _depths(boot, each["critical_depth"]),
        "critical_interval_width": boot.mean(each["critical_high"] - each["critical_low"]),
        "probability_depth": _depths(boot, each["probability_depth"]),
        "views": _views(boot, each),
        "mutation_depth": {k: _depths(boot, table["mutation_depth"]) for k, table in kinds.items()},
        "classes": {kind: _classes(boot, table) for kind, table in kinds.items()},
        "truth": _truth(boot, each, said),
    }


def _depths(boot: ImageBootstrap, depths: pd.Series) -> Summary:
    return {
        "mean": boot.mean(depths),
        "median": boot.median(depths),
        "distribution": _counts(depths),
    }


def _counts(depths: pd.Series) -> dict[str, int]:
    counts = depths.dropna().astype(int).value_counts().sort_index()
    return {str(depth): int(count) for depth, count in counts.items()}


def _views(boot: ImageBootstrap, each: pd.DataFrame) -> Summary:
    """Probability view less JSD view, in depths; positive: the probability rises later."""
    later = each["probability_depth"]
    apart = (later - each["critical_depth"]).astype(float)
    known = apart.notna()
    inside = later.between(each["critical_low"], each["critical_high"])
    return {
        "difference": boot.mean(apart),
        "absolute_difference": boot.mean(apart.abs()),
        "equal": boot.share((apart == 0).astype(float).where(known)),
        "within_one": boot.share((apart.abs() <= 1).astype(float).where(known)),
        "within_interval": boot.share(inside.astype(float).where(known)),
        "distribution": _counts(apart),
    }


def _classes(boot: ImageBootstrap, table: pd.DataFrame) -> Summary:
    moved = mutations(table)
    return {
        "stable": boot.share(1 - moved),
        "mutation": boot.share(moved),
        "reversal": boot.share(reversals(table)),
    }


def _truth(boot: ImageBootstrap, each: pd.DataFrame, said: pd.DataFrame) -> Summary | None:
    """Agreement with the annotations; None where no item has any."""
    kinds = sorted(each["truth_kind"].dropna().unique())
    if not kinds:
        return None
    judged = said[said["verdict"].notna()]
    verdicts = judged["verdict"].value_counts()
    by_verdict = {
        name: judged[judged["verdict"] == name] for name in VERDICTS if name in verdicts.index
    }
    return {
        "kinds": kinds,
        "chair": chair(boot, judged) if "instances" in kinds else None,
        "answers_correct": boot.share(each["answer_correct"]),
        "words": {name: int(verdicts.get(name, 0)) for name in VERDICTS},
        "correct": boot.share(correctness(judged)),
        "by_verdict": {
            name: {flag: boot.share(rows[flag]) for flag in ("mutation", "reversal")}
            for name, rows in by_verdict.items()
        },
    }


def chair(boot: ImageBootstrap, judged: pd.DataFrame) -> Summary:
    """CHAIRi: hallucinated mentions; CHAIRs: answers with one, among those that name an object."""
    mine = judged[judged["truth_kind"] == "instances"]
    mine = mine.assign(false=(mine["verdict"] == "hallucinated").astype(float))
    any_false = mine.assign(false=mine.groupby("record")["false"].transform("max"))
    return {
        "instances": boot.share(mine["false"]),
        "sentences": boot.share(answers(any_false)["false"]),
    }
