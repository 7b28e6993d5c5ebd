"""What a fretboard's colour means: values, unit, range and scale of each quantity and reading."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fretboard.core.arrays import UNITS_OF_DIVERGENCE
from fretboard.core.reading import Divergence, Lens, Reading, Scaling

Arrays = Mapping[str, np.ndarray]
ARRAYS_NEEDED = ("probability", "rank", "entropy", "jsd", "top_ids", "top_probabilities")
NAMES_OF_DIVERGENCE = {
    Divergence.JSD: "JSD",
    Divergence.PAPER_CODE: "the paper's published code",
    Divergence.SYMMETRIC_KL: "symmetric KL",
}
NAMES_OF_LENS = {
    Lens.NORMED: "normed lens",
    Lens.RAW: "raw lens",
    Lens.JACOBIAN: "Jacobian lens",
    Lens.TUNED: "tuned lens",
    Lens.LATENT: "latent lens",
    Lens.DIFFERENCE: "raw − normed lens",
    Lens.JACOBIAN_NORMED: "Jacobian − normed lens",
    Lens.TUNED_NORMED: "tuned − normed lens",
    Lens.JACOBIAN_RAW: "Jacobian − raw lens",
    Lens.TUNED_RAW: "tuned − raw lens",
    Lens.TUNED_JACOBIAN: "tuned − Jacobian lens",
}
NAMES_OF_SCALING = {
    Scaling.NONE: "",
    Scaling.DEPTH: "scaled per depth",
    Scaling.TOKEN: "scaled per token",
}
SMALLEST_RANGE = 1e-9  # of a colour scale whose values are all zero


@dataclass(frozen=True)
class Quantity:
    """Values (row, token) from the arrays; `limits` where the range is fixed."""

    title: str
    unit: str
    values: Callable[[Arrays], np.ndarray]
    limits: tuple[float, float] | None = None


QUANTITIES: dict[str, Quantity] = {
    "probability": Quantity(
        "probability of the emitted token", "probability", lambda a: a["probability"], (0, 1)
    ),
    "rank": Quantity(
        "rank of the emitted token", "rank, 1 = leader (log scale)", lambda a: a["rank"]
    ),
    "entropy": Quantity("entropy of the distribution", "nats", lambda a: a["entropy"]),
    "jsd": Quantity("divergence of depths d and d+1", "nats", lambda a: a["jsd"]),
    "leader": Quantity(
        "leader and its probability",
        "probability",
        lambda a: a["top_probabilities"][..., 0],
        (0, 1),
    ),
}


@dataclass(frozen=True)
class Shown:
    """A quantity under a reading: values (row, token) as drawn, and the range of their colours."""

    values: np.ndarray
    unit: str
    label: str
    low: float
    high: float
    diverging: bool
    ticks: dict[str, Any]


def show(quantity: str, reading: Reading, arrays: Arrays) -> Shown:
    """The values as they are drawn: signed where the lens is the difference, scaled if asked."""
    chosen = QUANTITIES[quantity]
    signed = reading.lens.pair is not None
    values = np.asarray(chosen.values(arrays), dtype=np.float64)
    ticks: dict[str, Any] = {}
    if quantity == "rank":
        values, ticks = _logarithmic(values, signed)
    values = scaled(values, reading.scale)
    unit = UNITS_OF_DIVERGENCE[reading.divergence] if quantity == "jsd" else chosen.unit
    low, high = _limits(chosen, values, reading)
    scale = ticks if reading.scale == Scaling.NONE else {}
    return Shown(values.astype(np.float32), unit, label(unit, reading), low, high, signed, scale)


def beside(shown: Shown, other: Shown) -> Shown:
    """The same values on a range that holds both, so that colours can be compared."""
    return replace(shown, low=min(shown.low, other.low), high=max(shown.high, other.high))


def scaled(values: np.ndarray, scaling: Scaling) -> np.ndarray:
    """(row, token) divided by the largest absolute value of its row or column; zeros stay."""
    if scaling == Scaling.NONE or values.size == 0:
        return values
    largest = np.abs(values).max(axis=1 if scaling == Scaling.DEPTH else 0, keepdims=True)
    return values / np.where(largest > 0, largest, 1)


def label(unit: str, reading: Reading) -> str:
    """What an axis or colour bar says: unit, lens, scaling."""
    parts = (unit, NAMES_OF_LENS[reading.lens], NAMES_OF_SCALING[reading.scale])
    return " · ".join(filter(None, parts))


def probability_axis(lens: str, signed: bool) -> dict[str, Any]:
    """The y axis of words' curves: `lens` is its name, "" for several; signed: of differences."""
    return {
        "title": {"text": " · ".join(filter(None, ("probability", lens)))},
        "range": [-1.02 if signed else 0, 1.02],
        "tickformat": "+.1f" if signed else ".1f",
    }


def _logarithmic(ranks: np.ndarray, signed: bool) -> tuple[np.ndarray, dict[str, Any]]:
    """log10 of the rank; of a signed difference, ±log10(1 + |difference|)."""
    texts = ["1", "10", "100", "1k", "10k", "100k"]
    if not signed:
        return np.log10(ranks), {"tickvals": list(range(6)), "ticktext": texts}
    steps = [0, *(10**power for power in range(6))]
    vals = [np.sign(s) * np.log10(1 + abs(s)) for s in [-x for x in steps[:0:-1]] + steps]
    names = [f"−{text}" for text in reversed(texts)] + ["0"] + [f"+{text}" for text in texts]
    return np.sign(ranks) * np.log10(1 + np.abs(ranks)), {"tickvals": vals, "ticktext": names}


def _limits(chosen: Quantity, values: np.ndarray, reading: Reading) -> tuple[float, float]:
    signed = reading.lens.pair is not None
    if reading.scale != Scaling.NONE:
        return (-1.0, 1.0) if signed else (0.0, 1.0)
    largest = max(float(np.abs(values).max(initial=0)), SMALLEST_RANGE)
    if signed:
        return -largest, largest  # the middle of the scale is a true zero
    return chosen.limits or (0.0, largest)
