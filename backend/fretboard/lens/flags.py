"""A hallucination score from a token's trajectory: how long and how far a rival led, and lost.

With critical depth c, L layers, p_d the lens's probability at depth d and e the emitted token:

    score = max over rivals r of  1/(L−c) · Σ_{d=c}^{L−1} [r leads at d] · (p_d(r) − p_d(e))

0: no other token led from c on; near 1: one stood near certainty until the last layer and lost
there. No mutation has to be detected, so the score grades what a reversal (METHOD: Stages,
detected) tells by yes or no. It is evidence for a hallucination, not a probability of one.
"""

from dataclasses import dataclass

import numpy as np

from fretboard.lens.stages import Reversal, last_lead


@dataclass(frozen=True)
class LeadScore:
    """The score, 0…1, and the lead of the rival it comes from; None where it is 0."""

    score: float
    lead: Reversal | None


def lead_score(
    emitted: np.ndarray,
    leaders: np.ndarray,
    leading: np.ndarray,
    critical: int | None,
    emergence: int | None,
) -> LeadScore | None:
    """Score of one token; all arrays (L+1,).

    emitted: probability of the emitted token; leaders, leading: the leader's id and probability.
    None without a critical depth, or where the emitted token does not lead at depth L: then it was
    given or chosen otherwise, and nothing was overturned.
    """
    if critical is None or emergence is None:
        return None
    # Of a leader that is the emitted token itself the margin is 0.
    margins = (leading - emitted)[critical:-1].astype(np.float64)
    ids, rows = np.unique(leaders[critical:-1], return_inverse=True)
    totals = np.bincount(rows, weights=np.maximum(margins, 0.0), minlength=len(ids))
    best = int(totals.argmax())
    score = float(totals[best]) / len(margins)
    if score == 0.0:
        return LeadScore(0.0, None)
    return LeadScore(score, last_lead(leaders, int(ids[best]), emergence))
