"""How often each way of `saliency` points at the object on the bundled world: what to warn of.

Read from the one file that `benchmarks/saliency_pointing.py` measured and wrote.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from fretboard.core.repair import spans
from fretboard.figures.theme import listed

MEASURED = Path(__file__).with_name("hit_rates.json")


@dataclass(frozen=True)
class Pointing:
    """Shares in [0, 1] of the words of a kind; low: of the 95 % interval."""

    way: str
    kind: str
    depth: int | None
    """None: the way has one map for all depths."""
    share: float
    low: float
    chance: float

    @property
    def poor(self) -> bool:
        """Not better than chance."""
        return self.low <= self.chance


@cache
def result() -> dict[str, Any]:
    """The file as it is."""
    content: dict[str, Any] = json.loads(MEASURED.read_text())
    return content


def pointings(way: str, word: str | None) -> list[Pointing]:
    """Of the word's kind; of both where it names neither a kind nor a colour, or is None."""
    named = "" if word is None else word.strip().lower()
    kinds = [kind for kind, names in result()["names"].items() if named in names]
    runs = [run for run in result()["runs"] if run["way"] == way]
    return [
        Pointing(
            way, run["kind"], row["depth"] if len(run["depths"]) > 1 else None,
            row["share"], row["low"], run["chance"]["share"],
        )
        for run in runs if run["kind"] in (kinds or result()["names"]) for row in run["depths"]
    ]  # fmt: skip


def at_depth(way: str, word: str | None, depth: int) -> list[Pointing]:
    """Of the depth, or of the nearest measured one before it; a row a kind of word."""
    rows = [row for row in pointings(way, word) if row.depth is None or row.depth <= depth]
    last = max((row.depth or 0 for row in rows), default=0)
    return [row for row in rows if row.depth in (None, last)]


def warning(names: dict[str, str], word: str | None) -> str:
    """One sentence on the ways that do not point, with their shares; "" where all do.

    names: way → what it is called.
    """
    parts = []
    for way, name in names.items():
        poor = [row for row in pointings(way, word) if row.poor]
        if poor:
            depths = tuple(sorted({row.depth for row in poor if row.depth is not None}))
            at = f" at depth{'s' * (len(depths) > 1)} {_listed(depths)}" if depths else ""
            shares = sorted({round(100 * row.share) for row in poor})
            most = f" to {shares[-1]}" if len(shares) > 1 else ""
            parts.append(f"{name}{at} ({shares[0]}{most} %)")
    if not parts:
        return ""
    chance = round(100 * max(row.chance for row in pointings(next(iter(names)), word)))
    return (
        f"On the bundled world, whose model has {result()['layers']} layers, {listed(parts)} "
        f"pointed at the object no more often than chance ({chance} %): do not read this as where "
        "the model looks."
    )


def _listed(depths: tuple[int, ...]) -> str:
    return spans(depths).replace("-", "–").replace(",", ", ")
