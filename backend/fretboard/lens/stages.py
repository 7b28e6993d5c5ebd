"""Critical depth, mutation depths, token classes and reversals (METHOD: Stages, detected).

An answer without the three stages (`lens/verdict.py`) has none of them, but where the nodes are
given: by hand, or by the paper's preset.

Depth d counts applied layers; pair d is (d, d+1). The critical depth is the depth at which the
last pair of the rapid evolution ends.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from fretboard.core.reading import SEED, Thresholds
from fretboard.lens.change_point import change_points, log_jsd, resampled_interval
from fretboard.lens.verdict import objection

MIN_LEAD = 2  # depths within the stabilisation: one alone may be the tail of the evolution
UNFOLDING = 2  # pairs on either side of a mutation's peak that belong to it
MIN_QUIET = 2  # pairs between the critical depth and a mutation: else it is the evolution's tail
MAD_TO_SIGMA = 1.4826  # median absolute deviation → standard deviation of a normal distribution

# The paper's fixed nodes for LLaVA-1.5-7B; other depths in proportion (METHOD: Paper preset).
PAPER_LAYERS = 32
PAPER_CRITICAL_DEPTH = 18
PAPER_FIRST_PAIR = 19

Method = Literal["automatic", "paper"]
Verdict = Literal["stages", "none", "given"]


@dataclass(frozen=True)
class Reversal:
    """A rival's lead: its id, the first and last depth it led, the depth that overturned it."""

    rival_id: int
    from_depth: int
    to_depth: int
    overturned_at: int


@dataclass(frozen=True)
class TokenStages:
    """One token; `emergence` is the depth from which it leads to the end.

    Its class is None where there are no stages to be stable in.
    """

    token_class: Literal["stable", "mutation"] | None
    emergence: int | None
    mutation_depth: int | None
    reversal: Reversal | None


@dataclass(frozen=True)
class StageReport:
    """What was detected for an answer; `objection` says why there are no stages, if so."""

    verdict: Verdict
    objection: str | None
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
    method: Method = "automatic",
    mixed_last_pair: bool = False,
) -> StageReport:
    """Stages of one answer.

    jsd (L, T) nats; probability, rank, leaders (L+1, T), leaders = ids of rank 1.
    mixed_last_pair: the pair ending at depth L compares unlike states (raw lens): left out.
    """
    pairs = len(jsd) - mixed_last_pair
    usable, likely = jsd[:pairs], probability[: pairs + 1]
    imposed = method == "paper" or thresholds.critical_depth is not None
    reason = None if imposed else objection(usable, likely, thresholds)
    critical, interval = None, None
    if reason is None:
        critical, interval = _critical(usable, len(jsd), thresholds, method)
    first = round(PAPER_FIRST_PAIR * len(jsd) / PAPER_LAYERS)
    tokens = []
    for t in range(jsd.shape[1]):
        if method == "paper":
            mutation = _largest_jump(usable[:, t], first, thresholds)
        else:
            mutation = _mutation_depth(usable[:, t], critical, thresholds)
        tokens.append(_token(mutation, rank[:, t], leaders[:, t], critical, thresholds))
    verdict: Verdict = "given" if imposed else "none" if reason else "stages"
    view = _probability_depth(probability)
    return StageReport(verdict, reason, critical, interval, view, tokens)


def critical_depth(jsd: np.ndarray) -> int | None:
    """Change point of the tokens' JSD profile (L, T): the best two-level fit of mean log JSD.

    On the plain scale the first giant step decides alone, and the late mutations of a few tokens
    weigh as much as the calm of all others.
    """
    if jsd.shape[0] < 3 or jsd.shape[1] == 0:
        return None
    return int(change_points(log_jsd(jsd).mean(axis=1)[None])[0])


def _critical(
    jsd: np.ndarray, layers: int, thresholds: Thresholds, method: Method
) -> tuple[int | None, tuple[int, int] | None]:
    """The critical depth, given or fixed or detected, and its interval where it was detected."""
    if thresholds.critical_depth is not None:
        if thresholds.critical_depth >= layers:
            raise ValueError(
                f"critical_depth is {thresholds.critical_depth}; "
                f"the model has 1 to {layers - 1} before its last."
            )
        return thresholds.critical_depth, None
    if method == "paper":
        return max(1, round(PAPER_CRITICAL_DEPTH * layers / PAPER_LAYERS)), None
    critical = critical_depth(jsd)
    if critical is None:
        return None, None
    return critical, resampled_interval(
        log_jsd(jsd), thresholds.resamples, thresholds.interval, SEED
    )


def _probability_depth(probability: np.ndarray) -> int | None:
    """The depth that the steepest rise of the mean emitted probability leads to."""
    if probability.shape[0] < 2 or probability.shape[1] == 0:
        return None
    return int(np.diff(probability.mean(axis=1)).argmax()) + 1


def _token(
    mutation: int | None,
    rank: np.ndarray,
    leaders: np.ndarray,
    critical: int | None,
    thresholds: Thresholds,
) -> TokenStages:
    emergence = _emergence(rank)
    reversal = None
    if critical is not None and mutation is not None and emergence is not None:
        reversal = _reversal(leaders, critical, mutation, emergence, thresholds)
    kind: Literal["stable", "mutation"] = "stable" if mutation is None else "mutation"
    return TokenStages(None if critical is None else kind, emergence, mutation, reversal)


def _emergence(rank: np.ndarray) -> int | None:
    behind = np.flatnonzero(rank != 1)
    first = int(behind[-1]) + 1 if behind.size else 0
    return first if first < len(rank) else None


def _largest_jump(jsd: np.ndarray, first: int, thresholds: Thresholds) -> int | None:
    """The paper's mutation: the largest JSD from pair `first` on; its size has our threshold."""
    if first >= len(jsd):
        return None
    best = first + int(jsd[first:].argmax())
    return best + 1 if jsd[best] >= thresholds.mutation_min_jsd else None


def _mutation_depth(jsd: np.ndarray, critical: int | None, thresholds: Thresholds) -> int | None:
    """The most prominent peak after the critical depth, if it stands out of the token's noise."""
    if critical is None:
        return None
    late = jsd[critical:]
    if late.size < 3:
        return None
    from scipy.signal import find_peaks  # a second to import: not before the first page

    # The pair before keeps a mere decay from counting as a peak; the end may peak.
    framed = np.concatenate([jsd[critical - 1 : critical], late, [0.0]])
    peaks, properties = find_peaks(framed, prominence=0.0)
    if not peaks.size:
        return None
    best = int(peaks[properties["prominences"].argmax()])
    if best <= MIN_QUIET:
        return None
    rest = log_jsd(_without(late, best - 1))
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
    return last_lead(leaders, rival, emergence)


def last_lead(leaders: np.ndarray, rival: int, emergence: int) -> Reversal:
    """The last run of depths at which `rival` leads before `emergence`; leaders (L+1,)."""
    end = int(np.flatnonzero(leaders[:emergence] == rival)[-1])
    return Reversal(rival, _run_start(leaders, end, rival), end, emergence)


def _run_start(leaders: np.ndarray, end: int, rival: int) -> int:
    start = end
    while start > 0 and leaders[start - 1] == rival:
        start -= 1
    return start
