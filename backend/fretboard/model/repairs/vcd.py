"""VCD (Leng et al., arXiv 2311.16922): the logits with the image against those with another.

The other stream is a second row of the same batch, with a cache of its own and the same emitted
tokens. The paper's other image is the first under Gaussian noise; here it is blank (grey).
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from fretboard.core.errors import InputError
from fretboard.model.inputs import Inputs
from fretboard.model.repairs.plain import Plain, Position, plausible


@dataclass(frozen=True)
class Vcd(Plain):
    """other: the same prompt with the image to contrast with."""

    other: Inputs
    strength: float
    plausibility: float

    def rows(self, inputs: Inputs) -> Inputs:
        """Both prompts in one batch; nothing to add where the contrast weighs nothing."""
        return stacked(inputs, self.other) if self.strength else inputs

    def logits(self, position: Position) -> Tensor:
        """(1 + strength) · logits − strength · other's; −inf for the implausible."""
        if position.contrast is None:
            return position.logits
        against = position.contrast
        scores = (1 + self.strength) * position.logits - self.strength * against
        return plausible(scores, position.logits, self.plausibility)


def stacked(left: Inputs, right: Inputs) -> Inputs:
    """Two prompts of equal shape as rows of one batch; processors batch along the first axis."""
    shapes = [{n: t.shape for n, t in rows.tensors.items()} for rows in (left, right)]
    if shapes[0] != shapes[1]:
        raise InputError(
            "The blank image gives this model other inputs than the image does, so that the two "
            "cannot be decoded side by side. Choose another repair."
        )
    tensors = {n: torch.cat([left.tensors[n], right.tensors[n]]) for n in left.tensors}
    return replace(left, tensors=tensors)
