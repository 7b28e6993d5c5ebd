"""What a repair is: the rows it decodes, its hooks, and the logits that a token is taken from."""

import math
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from torch import Tensor

from fretboard.model.inputs import Inputs


@dataclass(frozen=True)
class Position:
    """One answer at the position that predicts its next token.

    states: (L+1, width), pre-norm. logits: (V,) float32, the model's own. emitted: ids so far.
    contrast: (V,) float32 of the repair's second row, None where it has none.
    """

    states: Tensor
    logits: Tensor
    emitted: tuple[int, ...]
    contrast: Tensor | None = None


class Plain:
    """Greedy decoding from the model's own logits; a repair overrides what it changes."""

    def rows(self, inputs: Inputs) -> Inputs:
        """The rows to decode: the answer's first; all are given the answer's tokens."""
        return inputs

    def hooked(self) -> AbstractContextManager[None]:
        """Inside, the model is changed as the repair asks."""
        return nullcontext()

    def logits(self, position: Position) -> Tensor:
        """(V,) to decode from."""
        return position.logits


def plausible(scores: Tensor, logits: Tensor, share: float) -> Tensor:
    """`scores` (V,), −inf where the model gives less than `share` of its leader's probability."""
    log_p = logits.log_softmax(-1)
    floor = log_p.max() + math.log(share)
    return scores.masked_fill(log_p < floor, -float("inf"))
