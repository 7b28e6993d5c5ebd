"""The latent lens: the words whose states in text lie nearest to a state, by cosine.

After LatentLens (arXiv 2602.00462): what an image position holds is compared with what words of
captions become at the same depth, not with the unembedding's rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from fretboard.lens.readout import LogitLens

# Of the softmax over words: it makes shares of cosines, in their order; they are not calibrated.
TEMPERATURE = 0.05


@dataclass(frozen=True)
class LatentLens:
    """A word's logit is the largest cosine to its states, over TEMPERATURE; depth L is the model's.

    states: (L, N, width) of N words in captions, of length 1; ids: (N,) what words they are.
    """

    states: Tensor
    ids: Tensor
    own: LogitLens

    @property
    def vocabulary(self) -> int:
        """V; a word that no caption has gets probability 0."""
        return self.own.vocabulary

    def logits(self, states: Tensor) -> Iterator[Tensor]:
        """See VocabularyLens."""
        for depth, known in enumerate(self.states):
            own = states[depth].to(known.device, known.dtype)
            cosines = torch.nn.functional.normalize(own, dim=-1) @ known.mT
            words = torch.full((*own.shape[:-1], self.vocabulary), -torch.inf, device=own.device)
            index = self.ids.expand(cosines.shape)
            yield words.scatter_reduce_(-1, index, cosines.float() / TEMPERATURE, "amax")
        yield from self.own.logits(states[-1:])

    def log_probabilities(self, states: Tensor) -> Tensor:
        """See VocabularyLens."""
        flat = states.flatten(1, -2) if states.ndim > 3 else states
        rows = [row.log_softmax(-1) for row in self.logits(flat)]
        return torch.stack(rows).view(*states.shape[:-1], self.vocabulary)
