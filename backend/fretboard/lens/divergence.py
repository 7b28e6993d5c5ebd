"""Divergences between the distributions of adjacent depths (METHOD: Level 2).

All take log-probabilities `(depth, …, V)` and return `(depth − 1, …)`: entry d is the pair
(d, d+1). They work in the dtype they are given; the tests hold them against float64 and scipy.
"""

import math
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor

# The largest float32 within [0, ln 2]; ln 2 itself rounds up.
LARGEST_JSD = 0.69314712
Pairwise = Callable[[Tensor, Tensor], Tensor]


def jensen_shannon(log_p: Tensor, log_q: Tensor) -> Tensor:
    """½ KL(P‖M) + ½ KL(Q‖M), M = ½(P+Q); nats, [0, ln 2]. In log space, over the last axis."""
    log_m = torch.logaddexp(log_p, log_q).sub_(math.log(2))
    summed = _expectation(log_p, log_m) + _expectation(log_q, log_m)
    return (0.5 * summed).clamp_(0.0, LARGEST_JSD)


def symmetric_kl(log_p: Tensor, log_q: Tensor) -> Tensor:
    """½ (KL(P‖Q) + KL(Q‖P)); nats, ≥ 0, unbounded."""
    difference = (log_p - log_q).nan_to_num(nan=0.0)
    return 0.5 * ((log_p.exp() - log_q.exp()) * difference).sum(-1)


def paper_code(log_p: Tensor, log_q: Tensor) -> Tensor:
    """What the paper's published `heatmap.py` computes: ½ (mean_v[M(log M − log P)] + same for Q).

    The reverse direction, averaged (not summed) over the vocabulary, unbounded; in float64.
    """
    log_p, log_q = log_p.double(), log_q.double()
    log_m = torch.logaddexp(log_p, log_q) - math.log(2)
    return 0.5 * (log_m.exp() * (2 * log_m - log_p - log_q)).mean(-1)


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
    return torch.stack([measure(p, q) for p, q in pairwise(log_probabilities)])


def _expectation(log_p: Tensor, log_m: Tensor) -> Tensor:
    """Σ P (log P − log M); a probability of exactly 0 (log −inf) adds nothing."""
    difference = log_p - log_m
    return (log_p.exp() * difference.nan_to_num_(nan=0.0, neginf=0.0)).sum(-1)
