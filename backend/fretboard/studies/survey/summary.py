"""tokens.parquet → summary.json: depths, classes, the two views, agreement with the truth."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from fretboard.studies.statistics import COVERAGE, RESAMPLES, SEED, ImageBootstrap, Sample

KINDS = ("all", "content", "function")
VERDICTS = ("correct", "hallucinated", "wrong", "unconfirmed")


@dataclass(frozen=True)
class Table:
    """Columns of a survey at one level (tokens, words or answers); all of one length."""

    columns: dict[str, np.ndarray]

    def __getitem__(self, name: str) -> np.ndarray:
        return self.columns[name]

    def __len__(self) -> int:
        return len(self.columns["record"])

    def where(self, rows: np.ndarray) -> "Table":
        """Rows by mask or index."""
        return Table({name: column[rows] for name, column in self.columns.items()})

    def sample(self, values: np.ndarray) -> Sample:
        """`values` (n,) with this table's images."""
        return Sample.of(self["image_sha256"], values)


def read_table(path: Path) -> Table:
    """The tokens of a survey; missing numbers are NaN, missing texts None."""
    table = pq.read_table(path)
    columns = {}
    for name in table.column_names:
        column = table.column(name).to_numpy()
        columns[name] = column.astype(str) if name == "image_sha256" else column
    return Table(columns)


def answers(tokens: Table) -> Table:
    """One row per answer: the columns that its tokens share."""
    _, first = np.unique(tokens["record"], return_index=True)
    return tokens.where(first)


def words(tokens: Table) -> Table:
    """One row per word; `reversal` and `mutation`: whether any of its tokens has one."""
    keys = np.stack([tokens["record"], tokens["word_index"]]).astype(np.int64)
    _, first, of = np.unique(keys, axis=1, return_index=True, return_inverse=True)
    found = tokens.where(first)
    for name, flags in (("reversal", reversals(tokens)), ("mutation", mutations(tokens))):
        any_token = np.full(len(first), -np.inf)
        np.maximum.at(any_token, of.ravel(), np.where(np.isnan(flags), -np.inf, flags))
        found.columns[name] = np.where(np.isinf(any_token), np.nan, any_token)
    return found


def mutations(tokens: Table) -> np.ndarray:
    """1 mutation, 0 stable, NaN not classified."""
    kind = tokens["class"]
    return np.where(kind == "mutation", 1.0, np.where(kind == "stable", 0.0, np.nan))


def reversals(tokens: Table) -> np.ndarray:
    """1 reversal, 0 none, NaN where the token was not classified."""
    flags = tokens["reversal"].astype(np.float64)
    return np.where(np.isnan(mutations(tokens)), np.nan, flags)


def summarise(tokens: Table) -> dict[str, Any]:
    """All figures of a survey, each with a 95 % interval over images."""
    boot = ImageBootstrap(tokens["image_sha256"])
    each, said = answers(tokens), words(tokens)
    return {
        "intervals": f"{100 * COVERAGE:.0f} % percentile bootstrap over images, "
        f"{RESAMPLES} resamples, seed {SEED}",
        "images": len(boot.names),
        "answers": len(each),
        "words": len(said),
        "tokens": len(tokens),
        "critical_depth": _depths(boot, each, "critical_depth"),
        "critical_interval_width": _mean(boot, each, each["critical_high"] - each["critical_low"]),
        "probability_depth": _depths(boot, each, "probability_depth"),
        "views": _views(boot, each),
        "mutation_depth": {
            kind: _depths(boot, of_kind(tokens, kind), "mutation_depth") for kind in KINDS
        },
        "classes": {kind: _classes(boot, of_kind(tokens, kind)) for kind in KINDS},
        "truth": _truth(boot, each, said),
    }


def of_kind(table: Table, kind: str) -> Table:
    """The rows whose word is of `kind`; `all` takes every row."""
    return table if kind == "all" else table.where(table["word_kind"] == kind)


def _mean(boot: ImageBootstrap, table: Table, values: np.ndarray) -> dict[str, Any]:
    return boot.mean(table.sample(values)).as_dict()


def _share(boot: ImageBootstrap, table: Table, flags: np.ndarray) -> dict[str, Any]:
    return boot.share(table.sample(flags)).as_dict()


def _depths(boot: ImageBootstrap, table: Table, name: str) -> dict[str, Any]:
    sample = table.sample(table[name])
    return {
        "mean": boot.mean(sample).as_dict(),
        "median": boot.median(sample).as_dict(),
        "distribution": _counts(sample.values),
    }


def _counts(values: np.ndarray) -> dict[str, int]:
    levels, counts = np.unique(values.astype(int), return_counts=True)
    return {str(level): int(count) for level, count in zip(levels, counts, strict=True)}


def _views(boot: ImageBootstrap, each: Table) -> dict[str, Any]:
    """Probability view less JSD view, in depths; positive: the probability rises later."""
    apart = each["probability_depth"] - each["critical_depth"].astype(np.float64)
    known = ~np.isnan(apart)
    within = np.where(known, np.abs(apart) <= 1, np.nan)
    inside = (each["probability_depth"] >= each["critical_low"]) & (
        each["probability_depth"] <= each["critical_high"]
    )
    return {
        "difference": _mean(boot, each, apart),
        "absolute_difference": _mean(boot, each, np.abs(apart)),
        "equal": _share(boot, each, np.where(known, apart == 0, np.nan)),
        "within_one": _share(boot, each, within),
        "within_interval": _share(boot, each, np.where(known, inside, np.nan)),
        "distribution": _counts(apart[known]),
    }


def _classes(boot: ImageBootstrap, table: Table) -> dict[str, Any]:
    moved = mutations(table)
    return {
        "stable": _share(boot, table, 1 - moved),
        "mutation": _share(boot, table, moved),
        "reversal": _share(boot, table, reversals(table)),
    }


def _truth(boot: ImageBootstrap, each: Table, said: Table) -> dict[str, Any] | None:
    """Agreement with the annotations; None where no item has any."""
    kinds = sorted({kind for kind in each["truth_kind"] if kind is not None})
    if not kinds:
        return None
    right = np.array([np.nan if v is None else float(v) for v in each["answer_correct"]])
    judged = said.where(np.array([v is not None for v in said["verdict"]], dtype=bool))
    return {
        "kinds": kinds,
        "chair": _chair(boot, judged) if "instances" in kinds else None,
        "answers_correct": _share(boot, each, right),
        "words": {name: int((judged["verdict"] == name).sum()) for name in VERDICTS},
        "correct": _share(boot, judged, flags_of(judged)),
        "by_verdict": {
            name: _verdict(boot, judged.where(judged["verdict"] == name))
            for name in VERDICTS
            if (judged["verdict"] == name).any()
        },
    }


def _chair(boot: ImageBootstrap, judged: Table) -> dict[str, Any]:
    """CHAIRi: hallucinated mentions; CHAIRs: answers with one, among those that name an object."""
    mine = judged.where(judged["truth_kind"] == "instances")
    false = (mine["verdict"] == "hallucinated").astype(float)
    records, first = np.unique(mine["record"], return_index=True)
    any_false = np.array([false[mine["record"] == record].max() for record in records])
    return {
        "instances": _share(boot, mine, false),
        "sentences": _share(boot, mine.where(first), any_false),
    }


def flags_of(judged: Table) -> np.ndarray:
    """1 correct, 0 hallucinated or wrong, NaN unconfirmed."""
    verdict = judged["verdict"]
    return np.where(verdict == "unconfirmed", np.nan, (verdict == "correct").astype(float))


def _verdict(boot: ImageBootstrap, said: Table) -> dict[str, Any]:
    return {
        "mutation": _share(boot, said, said["mutation"]),
        "reversal": _share(boot, said, said["reversal"]),
    }
