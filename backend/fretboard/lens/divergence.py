"""Divergences between the distributions of adjacent depths (METHOD: Level 2).

All take log-probabilities `(depth, …, V)` and return `(depth − 1, …)`: entry d is the pair
(d, d+1). They work in the dtype they are given; the tests hold them against float64 and scipy.
Who has the probabilities at hand passes them: exponentials are most of the work.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

# The largest float32 within [0, ln 2]; ln 2 itself rounds up.
LARGEST_JSD = 0.69314712
Pairwise = Callable[[Tensor, Tensor, Tensor | None, Tensor | None], Tensor]


def jensen_shannon(
    log_p: Tensor, log_q: Tensor, p: Tensor | None = None, q: Tensor | None = None
) -> Tensor:
    """½ KL(P‖M) + ½ KL(Q‖M), M = ½(P+Q); nats, [0, ln 2]. In log space, over the last axis."""
    log_m = torch.logaddexp(log_p, log_q).sub_(math.log(2))
    summed = _expectation(_or_exp(p, log_p), torch.sub(log_p, log_m))
    summed += _expectation(_or_exp(q, log_q), torch.sub(log_q, log_m))
    return summed.mul_(0.5).clamp_(0.0, LARGEST_JSD)


def symmetric_kl(
    log_p: Tensor, log_q: Tensor, p: Tensor | None = None, q: Tensor | None = None
) -> Tensor:
    """½ (KL(P‖Q) + KL(Q‖P)); nats, ≥ 0, unbounded."""
    difference = (log_p - log_q).nan_to_num_(nan=0.0, posinf=torch.inf, neginf=-torch.inf)
    return 0.5 * torch.linalg.vecdot(_or_exp(p, log_p) - _or_exp(q, log_q), difference)


def paper_code(
    log_p: Tensor, log_q: Tensor, p: Tensor | None = None, q: Tensor | None = None
) -> Tensor:
    """What the paper's published `heatmap.py` computes: ½ (mean_v[M(log M − log P)] + same for Q).

    The reverse direction, averaged (not summed) over the vocabulary, unbounded; in float64.
    """
    log_p, log_q = log_p.double(), log_q.double()
    log_m = torch.logaddexp(log_p, log_q).sub_(math.log(2))
    m = log_m.exp()
    difference = log_m.mul_(2).sub_(log_p).sub_(log_q)
    return 0.5 / log_p.shape[-1] * torch.linalg.vecdot(m, difference)


DIVERGENCES: dict[str, Pairwise] = {
    "jsd": jensen_shannon,
    "paper-code": paper_code,
    "symmetric-kl": symmetric_kl,
}


def adjacent(log_probabilities: Tensor, divergence: str = "jsd") -> Tensor:
    """The named divergence of each pair (d, d+1) along the first axis: (depth, …, V) → (L, …).

    One pair at a time, so that the extra memory is a few (…, V) whatever the depth.
    """
    measure = DIVERGENCES[divergence]
    rows = iter(log_probabilities)
    log_p = next(rows)
    p, depths = log_p.exp(), []
    for log_q in rows:
        q = log_q.exp()
        depths.append(measure(log_p, log_q, p, q))
        log_p, p = log_q, q
    return torch.stack(depths)


def _or_exp(p: Tensor | None, log_p: Tensor) -> Tensor:
    return log_p.exp() if p is None else p


def _expectation(p: Tensor, values: Tensor) -> Tensor:
    """Σ p · values, which are overwritten; a probability of exactly 0 (log −inf) adds nothing."""
    return torch.linalg.vecdot(p, values.nan_to_num_(nan=0.0, neginf=0.0))
