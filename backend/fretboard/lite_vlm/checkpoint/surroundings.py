"""What a cell takes from the cells around it before it speaks.

ImageNet's classifier was trained on the mean of a picture's features, so a cell's logit is mostly
that of the picture; a probe's, fitted on cells, takes in the nearest ones. Of a colour most of the
picture's mean is taken away: what is left is what sets a cell off from the wall behind. Each is a
convolution whose kernel covers the picture from every cell. Chosen on scenes of training's kind.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

SIDE = 8  # cells a side of the picture
REACH = 2 * SIDE - 1  # side of a kernel that covers the picture from each of its cells


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Shares of the cell itself, of the mean of three by three cells, of the picture's mean."""

    own: float
    beside: float
    picture: float

    def kernel(self) -> Tensor:
        """(REACH, REACH), to be applied with zeros around the picture."""
        kernel = torch.full((REACH, REACH), self.picture / SIDE**2)
        middle = SIDE - 1
        kernel[middle - 1 : middle + 2, middle - 1 : middle + 2] += self.beside / 9
        kernel[middle, middle] += self.own
        return kernel

    def matrix(self) -> Tensor:
        """The same convolution as a product: (cells, cells)."""
        rows, columns = torch.arange(SIDE**2) // SIDE, torch.arange(SIDE**2) % SIDE
        down, right = rows - rows[:, None], columns - columns[:, None]
        return self.kernel()[down + SIDE - 1, right + SIDE - 1]


ALONE = Surroundings(1.0, 0.0, 0.0)
CLASS = Surroundings(0.3, 0.2, 0.5)
PROBE = Surroundings(0.5, 0.5, 0.0)
COLOUR = Surroundings(1.0, 0.0, -0.8)
