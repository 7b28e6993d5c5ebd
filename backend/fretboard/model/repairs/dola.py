"""DoLa (Chuang et al., arXiv 2309.03883): the last depth's distribution against an early one's.

Of the candidate depths the one whose distribution lies furthest (JSD) from the model's is taken;
words are ranked by log p_L − log p_early, among those with at least `plausibility` (the paper's α)
times the leader's probability. The paper's repetition penalty is left out: it is another change.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from fretboard.model.anatomy import Anatomy
from fretboard.model.repairs.plain import Plain, Position, plausible


@dataclass(frozen=True)
class Dola(Plain):
    """divergence: of log-probabilities (…, V) and (…, V) → (…)."""

    anatomy: Anatomy
    depths: tuple[int, ...]
    plausibility: float
    divergence: Callable[[Tensor, Tensor], Tensor]

    def logits(self, position: Position) -> Tensor:
        """log p_L − log p_early; −inf for the implausible."""
        final = position.logits.log_softmax(-1)
        early = self.anatomy.read_early(position.states, self.depths).to(final.device)
        early = early.log_softmax(-1)
        furthest = self.divergence(final.expand_as(early), early).argmax()
        return plausible(final - early[furthest], position.logits, self.plausibility)
