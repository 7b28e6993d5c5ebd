"""Means, shares and medians with intervals that resample images, not tokens.

Tokens of one answer are not independent. So whole images are drawn with replacement (a cluster
bootstrap; Davison and Hinkley 1997, section 3.8), with everything that was said about them.

A sample is a series of values whose index names the image of each; NaN: does not apply.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binomtest

RESAMPLES = 2000
COVERAGE = 0.95
SEED = 0


@dataclass(frozen=True)
class Estimate:
    """A value, its interval (None with fewer than two images), and what it rests on."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    images: int

    def text(self, digits: int = 2, scale: float = 1, unit: str = "", counted: bool = False) -> str:
        """`5.20 (5.01 to 5.39)`; counted: `5.20 (5.01 to 5.39; n = 40)`."""
        if self.value is None:
            return "none found" if counted else "–"
        value, low, high = (
            f"{scale * number:z.{digits}f}" if number is not None else ""
            for number in (self.value, self.low, self.high)
        )
        notes = ([f"{low} to {high}"] if low else []) + ([f"n = {self.n}"] if counted else [])
        return f"{value}{unit} ({'; '.join(notes)})" if notes else f"{value}{unit}"

    def percent(self) -> str:
        """`52.0 % (40.1 to 63.2)`."""
        return self.text(1, 100, " %")


NOTHING = Estimate(None, None, None, 0, 0)


def sample(images: Any, values: Any) -> pd.Series:
    """The image of each value, and the values, both (n,) → a sample."""
    return pd.Series(np.asarray(values, dtype=np.float64), index=np.asarray(images))


class ImageBootstrap:
    """Draws of images; one set of draws for all quantities, so that differences stay paired."""

    def __init__(self, images: Any, resamples: int = RESAMPLES, seed: int = SEED) -> None:
        self.names = np.unique(images)
        count = max(1, len(self.names))
        random = np.random.default_rng(seed)
        # (resamples, images): how often each image was drawn
        self._drawn = random.multinomial(count, np.full(count, 1 / count), size=resamples)

    def mean(self, values: pd.Series) -> Estimate:
        """Mean over the values."""
        known = _known(values)
        return estimate(known.mean(), self.mean_draws(known), known) if len(known) else NOTHING

    def share(self, values: pd.Series) -> Estimate:
        """Mean of values 0 and 1. At exactly 0 or 1 no draw can differ: Wilson over images."""
        mean = self.mean(values)
        if mean.low is None or mean.value not in (0.0, 1.0):
            return mean
        wilson = binomtest(round(mean.value) * mean.images, mean.images).proportion_ci(
            COVERAGE, "wilson"
        )
        return Estimate(mean.value, float(wilson.low), float(wilson.high), mean.n, mean.images)

    def median(self, values: pd.Series) -> Estimate:
        """Median over the values; made for few distinct ones, such as depths."""
        known = _known(values)
        if known.empty:
            return NOTHING
        counts = pd.crosstab(known.index, known.to_numpy()).reindex(self.names, fill_value=0)
        draws = _weighted_medians(counts.columns.to_numpy(), self._drawn @ counts.to_numpy())
        return estimate(known.median(), draws, known)

    def mean_draws(self, values: pd.Series) -> np.ndarray:
        """(resamples,) means; NaN where a draw holds none of the values."""
        by_image = values.groupby(level=0).agg(["sum", "count"]).reindex(self.names, fill_value=0)
        with np.errstate(invalid="ignore"):
            means: np.ndarray = (self._drawn @ by_image["sum"].to_numpy()) / (
                self._drawn @ by_image["count"].to_numpy()
            )
        return means

    def difference(
        self, values: pd.Series, others: pd.Series, other_boot: "ImageBootstrap | None" = None
    ) -> Estimate:
        """Mean of `values` less that of `others`; paired by image, unless they are of another
        bootstrap."""
        here, there = _known(values), _known(others)
        if here.empty or there.empty:
            return NOTHING
        draws = self.mean_draws(here) - (other_boot or self).mean_draws(there)
        fewer = min(here, there, key=lambda each: each.index.nunique())
        return estimate(here.mean() - there.mean(), draws, fewer)

    def weights(self, images: Any) -> np.ndarray:
        """(resamples, n): how often the image of each of n observations was drawn."""
        drawn: np.ndarray = self._drawn[:, np.searchsorted(self.names, images)]
        return drawn


def estimate(value: float, draws: np.ndarray, values: pd.Series) -> Estimate:
    """Percentile interval of the draws of a value; NaN draws are left out."""
    usable, images = draws[~np.isnan(draws)], values.index.nunique()
    if images < 2 or not usable.size:
        return Estimate(float(value), None, None, len(values), images)
    tail = (1 - COVERAGE) / 2
    low, high = np.quantile(usable, [tail, 1 - tail])
    return Estimate(float(value), float(low), float(high), len(values), images)


def _known(values: pd.Series) -> pd.Series:
    return values.astype(np.float64).dropna()


def _weighted_medians(levels: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """levels (k,) ascending, counts (resamples, k) → (resamples,); NaN without any count."""
    total = counts.sum(axis=1, keepdims=True)
    running = counts.cumsum(axis=1)
    low = levels[(running >= np.ceil(total / 2)).argmax(axis=1)]
    high = levels[(running >= np.floor(total / 2) + 1).argmax(axis=1)]
    medians: np.ndarray = np.where(total[:, 0] > 0, (low + high) / 2, np.nan)
    return medians
