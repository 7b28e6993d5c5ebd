"""The mean Jacobian of depth L by each depth, from vector–Jacobian products, with its error.

Hutchinson's estimate: for a vector v of independent signs, E[v (Jᵀv)ᵀ] = J. With the unit vectors
in their place the products are J's rows, and nothing is estimated.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


def signs(count: int, width: int, generator: torch.Generator) -> Tensor:
    """(count, width) Rademacher vectors, float32; the unit vectors where `count` ≥ `width`."""
    if count >= width:
        return torch.eye(width)
    drawn = torch.randint(0, 2, (count, width), generator=generator)
    return drawn.mul_(2).sub_(1).float()


@dataclass
class JacobianMean:
    """Running sums over examples. total: (L, width, width); squares: (L,) of ‖J‖²; float32."""

    total: Tensor
    squares: Tensor
    examples: int = 0

    @classmethod
    def empty(cls, layers: int, width: int) -> "JacobianMean":
        """Of nothing yet."""
        return cls(torch.zeros(layers, width, width), torch.zeros(layers))

    def add(self, probes: Tensor, products: Tensor) -> None:
        """One example: v (probe, width), and Jᵀv (L, probe, width) at every depth."""
        count, width = probes.shape
        scale = 1.0 if count >= width else 1.0 / count
        for depth, rows in enumerate(products):
            estimate = (probes.mT @ rows).mul_(scale)
            self.total[depth] += estimate
            self.squares[depth] += estimate.square().sum()
        self.examples += 1

    @property
    def mean(self) -> Tensor:
        """(L, width, width)."""
        return self.total / max(1, self.examples)

    @property
    def standard_error(self) -> list[float | None]:
        """Of the mean over examples and probes, ‖error‖ / ‖J_d‖ by depth; None: of one example."""
        if self.examples < 2:
            return [None] * len(self.squares)
        size = self.mean.double().square().sum((1, 2))
        spread = (self.squares.double() / self.examples - size).clamp_min(0)
        error = (spread / (self.examples - 1)).sqrt() / size.sqrt().clamp_min(1e-30)
        return [float(value) for value in error]
