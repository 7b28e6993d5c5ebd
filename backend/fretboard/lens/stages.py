"""Critical depth, mutation depths, token classes and reversals (METHOD: Stages, detected).

Depth d counts applied layers; pair d is (d, d+1). The critical depth is the depth at which the
last pair of the rapid evolution ends.
"""

from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
from scipy.signal import find_peaks

MIN_LEAD = 2  # depths within the stabilisation: one alone may be the tail of the evolution
INVISIBLE_JSD = 1e-4  # nats; such a step moves a probability of one half by about 1 %
UNFOLDING = 2  # pairs on either side of a mutation's peak that belong to it
MIN_QUIET = 2  # pairs between the critical depth and a mutation: else it is the evolution's tail
MAD_TO_SIGMA = 1.4826  # median absolute deviation → standard deviation of a normal distribution


@dataclass(frozen=True)
class Thresholds:
    """All thresholds of the automatic method, in one place."""

    mutation_sigmas: float = 4.0
    """A mutation's log JSD stands this many robust deviations above the token's stabilisation."""
    mutation_min_ratio: float = 3.0
    """… and at least this many times its median"""
    mutation_min_jsd: float = 0.02
    """… and is at least this many nats."""
    reversal_share: float = 0.5
    """A rival that leads at least this share of the depths from critical to mutation."""
    resamples: int = 200
    """Resamplings of the tokens for the interval of the critical depth."""
    interval: float = 0.9
    """Coverage of that interval."""
    seed: int = 0

    def as_dict(self) -> dict[str, float]:
        """For the document."""
        return asdict(self)


@dataclass(frozen=True)
class Reversal:
    """A rival's lead: its id, the first and last depth it led, the depth that overturned it."""

    rival_id: int
    from_depth: int
    to_depth: int
    overturned_at: int


@dataclass(frozen=True)
class TokenStages:
    """One token; `emergence` is the depth from which it leads to the end."""

    token_class: Literal["stable", "mutation"]
    emergence: int | None
    mutation_depth: int | None
    reversal: Reversal | None


@dataclass(frozen=True)
class StageReport:
    """What was detected for an answer; depths are None where the answer is too short to say."""

    critical_depth: int | None
    critical_interval: tuple[int, int] | None
    probability_depth: int | None
    tokens: list[TokenStages]


def detect(
    jsd: np.ndarray,
    probability: np.ndarray,
    rank: np.ndarray,
    leaders: np.ndarray,
    thresholds: Thresholds,
    mixed_last_pair: bool = False,
) -> StageReport:
    """Stages of one answer.

    jsd (L, T) nats; probability, rank, leaders (L+1, T), leaders = ids of rank 1.
    mixed_last_pair: the pair ending at depth L compares unlike states (raw lens): left out.
    """
    usable = jsd[:-1] if mixed_last_pair else jsd
    critical = critical_depth(usable)
    interval = _critical_interval(usable, thresholds) if critical is not None else None
    tokens = [
        _token(usable[:, t], rank[:, t], leaders[:, t], critical, thresholds)
        for t in range(jsd.shape[1])
    ]
    return StageReport(critical, interval, _probability_depth(probability), tokens)


def critical_depth(jsd: np.ndarray) -> int | None:
    """Change point of the tokens' JSD profile (L, T): the best two-level fit of mean log JSD.

    On the plain scale the first giant step decides alone, and the late mutations of a few tokens
    weigh as much as the calm of all others.
    """
    if jsd.shape[0] < 3 or jsd.shape[1] == 0:
        return None
    return int(_change_points(_log(jsd).mean(axis=1)[None])[0])


def _log(jsd: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(jsd, INVISIBLE_JSD))


def _change_points(profiles: np.ndarray) -> np.ndarray:
    """(n, L) → (n,): the split s whose two means leave the least squared error."""
    count = profiles.shape[1]
    sums = np.cumsum(profiles, axis=1)
    left_size = np.arange(1, count)
    left = sums[:, :-1] / left_size
    right = (sums[:, -1:] - sums[:, :-1]) / (count - left_size)
    between = left_size * (count - left_size) * (left - right) ** 2
    falls = np.where(left > right, between, -np.inf)  # evolution slows down at the critical depth
    return falls.argmax(axis=1) + 1


def _critical_interval(jsd: np.ndarray, thresholds: Thresholds) -> tuple[int, int]:
    """Central interval of the change point when tokens are drawn again with replacement."""
    random = np.random.default_rng(thresholds.seed)
    drawn = random.integers(0, jsd.shape[1], (thresholds.resamples, jsd.shape[1]))
    profiles = _log(jsd)[:, drawn].mean(axis=2).T
    tail = (1 - thresholds.interval) / 2
    low, high = np.quantile(_change_points(profiles), [tail, 1 - tail], method="nearest")
    return int(low), int(high)


def _probability_depth(probability: np.ndarray) -> int | None:
    """The depth that the steepest rise of the mean emitted probability leads to."""
    if probability.shape[0] < 2 or probability.shape[1] == 0:
        return None
    return int(np.diff(probability.mean(axis=1)).argmax()) + 1


def _token(
    jsd: np.ndarray,
    rank: np.ndarray,
    leaders: np.ndarray,
    critical: int | None,
    thresholds: Thresholds,
) -> TokenStages:
    mutation = _mutation_depth(jsd, critical, thresholds) if critical is not None else None
    emergence = _emergence(rank)
    reversal = None
    if critical is not None and mutation is not None and emergence is not None:
        reversal = _reversal(leaders, critical, mutation, emergence, thresholds)
    return TokenStages("stable" if mutation is None else "mutation", emergence, mutation, reversal)


def _emergence(rank: np.ndarray) -> int | None:
    behind = np.flatnonzero(rank != 1)
    first = int(behind[-1]) + 1 if behind.size else 0
    return first if first < len(rank) else None


def _mutation_depth(jsd: np.ndarray, critical: int, thresholds: Thresholds) -> int | None:
    """The most prominent peak after the critical depth, if it stands out of the token's noise."""
    late = jsd[critical:]
    if late.size < 3:
        return None
    # The pair before keeps a mere decay from counting as a peak; the end may peak.
    framed = np.concatenate([jsd[critical - 1 : critical], late, [0.0]])
    peaks, found = find_peaks(framed, prominence=0.0)
    if not peaks.size:
        return None
    best = int(peaks[found["prominences"].argmax()])
    if best <= MIN_QUIET:
        return None
    rest = _log(_without(late, best - 1))
    # JSD is positive and skewed: its noise is even on the log scale, not on the plain one.
    noise = MAD_TO_SIGMA * float(np.median(np.abs(rest - np.median(rest))))
    margin = max(thresholds.mutation_sigmas * noise, np.log(thresholds.mutation_min_ratio))
    floor = float(np.exp(np.median(rest) + margin))
    stands_out = float(framed[best]) >= max(floor, thresholds.mutation_min_jsd)
    return critical + best if stands_out else None


def _without(late: np.ndarray, peak: int) -> np.ndarray:
    """The stabilisation without the mutation, which may take a few layers to unfold."""
    rest = np.delete(late, slice(max(0, peak - UNFOLDING), peak + UNFOLDING + 1))
    return rest if rest.size >= MIN_QUIET else late[:MIN_QUIET]


def _reversal(
    leaders: np.ndarray, critical: int, mutation: int, emergence: int, thresholds: Thresholds
) -> Reversal | None:
    """The rival that led most of the way from the critical depth to the mutation, and lost."""
    emitted = leaders[-1]
    span = leaders[critical:mutation]
    ids, counts = np.unique(span[span != emitted], return_counts=True)
    if not ids.size or counts.max() < MIN_LEAD or emergence <= critical:
        return None
    rival = int(ids[counts.argmax()])
    if counts.max() < thresholds.reversal_share * span.size:
        return None
    led = np.flatnonzero(leaders[:emergence] == rival)
    run_start = _run_start(leaders, int(led[-1]), rival)
    return Reversal(rival, run_start, int(led[-1]), emergence)


def _run_start(leaders: np.ndarray, end: int, rival: int) -> int:
    start = end
    while start > 0 and leaders[start - 1] == rival:
        start -= 1
    return start
