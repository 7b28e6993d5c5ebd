"""DeCo (Wang et al., arXiv 2410.11779): an earlier depth's logits added to the last one's.

Candidates are the model's `top_k` words up to the mass `top_p`. Of the given depths the one that
gives a candidate the highest probability is taken, and its logits are added with the weight
`strength` (the paper's α) times that probability. Words that are no candidates are left out.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from fretboard.model.anatomy import Anatomy
from fretboard.model.repairs.plain import Plain, Position


@dataclass(frozen=True)
class Deco(Plain):
    """Settings as in `Repair`."""

    anatomy: Anatomy
    depths: tuple[int, ...]
    strength: float
    top_p: float
    top_k: int

    def logits(self, position: Position) -> Tensor:
        """logits_L + strength · p · logits_early for candidates; −inf for all else."""
        ids = self._candidates(position.logits)
        early = self.anatomy.read_early(position.states, self.depths).to(position.logits.device)
        surest = early.softmax(-1)[:, ids].amax(-1)
        depth = surest.argmax()
        scores = position.logits + self.strength * surest[depth] * early[depth]
        out = torch.full_like(scores, -torch.inf)
        out[ids] = scores[ids]
        return out

    def _candidates(self, logits: Tensor) -> Tensor:
        """(n,) ids, the word that reaches the mass included."""
        best = logits.softmax(-1).topk(min(self.top_k, len(logits)))
        return best.indices[: int((best.values.cumsum(-1) < self.top_p).sum()) + 1]
