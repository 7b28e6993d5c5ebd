"""The change point of a profile: the two-level fit that leaves the least squared error.

One split of a short profile needs no search over models, as ruptures does it one profile at a
time: here all resamplings are split at once. The tests hold it against trying every split.
"""

import numpy as np

INVISIBLE_JSD = 1e-4  # nats; such a step moves a probability of one half by about 1 %


def change_points(profiles: np.ndarray, rising: bool = False) -> np.ndarray:
    """(n, length ≥ 2) → (n,): the index s that the second level begins at, 1…length−1.

    Only falls count, or only rises; where a profile has none, 1.
    """
    count = profiles.shape[1]
    sums = np.cumsum(profiles, axis=1)
    left_size = np.arange(1, count)
    left = sums[:, :-1] / left_size
    right = (sums[:, -1:] - sums[:, :-1]) / (count - left_size)
    between = left_size * (count - left_size) * (left - right) ** 2
    towards = left < right if rising else left > right
    return np.where(towards, between, -np.inf).argmax(axis=1) + 1


def resampled_interval(
    values: np.ndarray, resamples: int, coverage: float, seed: int
) -> tuple[int, int]:
    """Central interval of the change point when the columns of (length, n) are drawn again."""
    return central_interval(resampled(values, resamples, seed), coverage)


def resampled(values: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """(length, n) → (resamples, length): means over columns that are drawn again."""
    random = np.random.default_rng(seed)
    drawn = random.integers(0, values.shape[1], (resamples, values.shape[1]))
    return values[:, drawn].mean(axis=2).T


def log_jsd(jsd: np.ndarray) -> np.ndarray:
    """Logarithm of a divergence, nothing below what can be seen."""
    return np.log(np.maximum(jsd, INVISIBLE_JSD))


def central_interval(
    profiles: np.ndarray, coverage: float, rising: bool = False
) -> tuple[int, int]:
    """The change points of (n, length) resampled profiles, but (1 − coverage) / 2 at either end."""
    tail = (1 - coverage) / 2
    points = change_points(profiles, rising)
    low, high = np.quantile(points, [tail, 1 - tail], method="nearest")
    return int(low), int(high)
