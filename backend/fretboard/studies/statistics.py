"""Means, shares and medians with intervals that resample images, not tokens.

Tokens of one answer are not independent. So whole images are drawn with replacement (a cluster
bootstrap; Davison and Hinkley 1997, section 3.8), with everything that was said about them.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fretboard.core.intervals import with_interval

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

    def as_dict(self) -> dict[str, Any]:
        """For the summary."""
        return asdict(self)


NOTHING = Estimate(None, None, None, 0, 0)


@dataclass(frozen=True)
class Sample:
    """Values and the image each belongs to, both (n,). Values that do not apply are left out."""

    images: np.ndarray
    values: np.ndarray

    @classmethod
    def of(cls, images: np.ndarray, values: np.ndarray) -> "Sample":
        """Values as float64, without NaN."""
        numbers = np.asarray(values, dtype=np.float64)
        kept = ~np.isnan(numbers)
        return cls(np.asarray(images)[kept], numbers[kept])

    @property
    def count(self) -> int:
        """Number of images with at least one value."""
        return len(np.unique(self.images))


class ImageBootstrap:
    """Draws of images; one set of draws for all quantities, so that differences stay paired."""

    def __init__(self, images: np.ndarray, resamples: int = RESAMPLES, seed: int = SEED) -> None:
        self.names = np.unique(images)
        count = max(1, len(self.names))
        random = np.random.default_rng(seed)
        # (resamples, images): how often each image was drawn
        self._drawn = random.multinomial(count, np.full(count, 1 / count), size=resamples)

    def mean(self, sample: Sample) -> Estimate:
        """Mean over the values."""
        if not len(sample.values):
            return NOTHING
        return estimate(float(sample.values.mean()), self.mean_draws(sample), sample)

    def share(self, sample: Sample) -> Estimate:
        """Mean of values 0 and 1. At exactly 0 or 1 no draw can differ: Wilson over images."""
        found = self.mean(sample)
        if found.low is not None and found.value in (0.0, 1.0):
            wilson = with_interval([found.value] * found.images)
            return Estimate(found.value, wilson["low"], wilson["high"], found.n, found.images)
        return found

    def median(self, sample: Sample) -> Estimate:
        """Median over the values; made for few distinct ones, such as depths."""
        if not len(sample.values):
            return NOTHING
        levels, level = np.unique(sample.values, return_inverse=True)
        counts = np.zeros((len(self.names), len(levels)))
        np.add.at(counts, (self._rows(sample), level), 1)
        draws = _weighted_medians(levels, self._drawn @ counts)
        return estimate(float(np.median(sample.values)), draws, sample)

    def mean_draws(self, sample: Sample) -> np.ndarray:
        """(resamples,) means; NaN where a draw holds none of the values."""
        sums, counts = np.zeros(len(self.names)), np.zeros(len(self.names))
        rows = self._rows(sample)
        np.add.at(sums, rows, sample.values)
        np.add.at(counts, rows, 1)
        with np.errstate(invalid="ignore"):
            means: np.ndarray = (self._drawn @ sums) / (self._drawn @ counts)
        return means

    def weights(self, images: np.ndarray) -> np.ndarray:
        """(resamples, n): how often the image of each of n observations was drawn."""
        drawn: np.ndarray = self._drawn[:, np.searchsorted(self.names, images)]
        return drawn

    def _rows(self, sample: Sample) -> np.ndarray:
        return np.searchsorted(self.names, sample.images)


def mean_difference(
    boot: ImageBootstrap, sample: Sample, other_boot: ImageBootstrap, other: Sample
) -> Estimate:
    """Mean of `sample` less that of `other`; paired by image when both come of one bootstrap."""
    if not len(sample.values) or not len(other.values):
        return NOTHING
    draws = boot.mean_draws(sample) - other_boot.mean_draws(other)
    value = float(sample.values.mean() - other.values.mean())
    fewer = min(sample, other, key=lambda each: each.count)
    return estimate(value, draws, fewer)


def estimate(value: float, draws: np.ndarray, sample: Sample) -> Estimate:
    """Percentile interval of the draws of a value; NaN draws are left out."""
    usable = draws[~np.isnan(draws)]
    if sample.count < 2 or not usable.size:
        return Estimate(value, None, None, len(sample.values), sample.count)
    tail = (1 - COVERAGE) / 2
    low, high = np.quantile(usable, [tail, 1 - tail])
    return Estimate(value, float(low), float(high), len(sample.values), sample.count)


def _weighted_medians(levels: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """levels (k,) ascending, counts (resamples, k) → (resamples,); NaN without any count."""
    total = counts.sum(axis=1, keepdims=True)
    running = counts.cumsum(axis=1)
    low = levels[(running >= np.ceil(total / 2)).argmax(axis=1)]
    high = levels[(running >= np.floor(total / 2) + 1).argmax(axis=1)]
    medians: np.ndarray = np.where(total[:, 0] > 0, (low + high) / 2, np.nan)
    return medians
