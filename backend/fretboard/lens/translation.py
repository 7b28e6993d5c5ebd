"""A fitted lens's affine map at every depth: into the basis of depth L, where the head reads."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Translation:
    """h_d → W_d h_d + b_d at depths 0…L−1; depth L stays as it is, bit for bit.

    weight: (L, width, width); bias: (L, width) or None. In the dtype that it is computed in.
    """

    weight: Tensor
    bias: Tensor | None = None

    def __call__(self, states: Tensor) -> Tensor:
        """(L+1, …, width) → the same shape and dtype, on the device of the weights."""
        moved = states.to(self.weight.device)
        flat = moved[:-1].flatten(1, -2).to(self.weight.dtype)
        if self.bias is None:
            translated = torch.bmm(flat, self.weight.mT)
        else:
            translated = torch.baddbmm(self.bias[:, None], flat, self.weight.mT)
        return torch.cat([translated.view_as(moved[:-1]).to(moved.dtype), moved[-1:]])
