"""Pictures of ImageNet's classes without a photograph: the classifier's direction in features.

In a linear discriminant, class mean and classifier row are bound by the features' covariance:
what sets a class's mean off is covariance x row. That direction, added to an ellipse of cells of
a background until the classifier is sure, stands for a photograph of the class.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import torch
from torch import Tensor

from ..checkpoint.tower import GRID

SURE = (12.0, 28.0)  # centred logit of a cell of the class: so its mean speaks too


class Directions:
    """Draws a class into the features of a background."""

    def __init__(
        self, weight: Tensor, bias: Tensor, covariance: Tensor, nouns: Sequence[str]
    ) -> None:
        self._weight, self._bias = weight, bias
        self._shift = weight @ covariance
        self._gain = (self._shift * weight).sum(1)
        self._classes: dict[str, list[int]] = {}
        for number, noun in enumerate(nouns):
            self._classes.setdefault(noun, []).append(number)
        self.nouns = tuple(self._classes)

    def draw(self, background: Tensor, noun: str, chance: random.Random) -> Tensor:
        """Features (cells x 1280) with the noun in an ellipse of cells."""
        number = chance.choice(self._classes[noun])
        features = background.clone()
        inside = torch.tensor(_ellipse(chance))
        logits = features[inside] @ self._weight[number] + self._bias[number]
        aim = torch.tensor([chance.uniform(*SURE) for _ in range(len(inside))])
        steps = ((aim - logits) / self._gain[number]).clamp(min=0)
        features[inside] = (features[inside] + steps[:, None] * self._shift[number]).clamp(0, 6)
        return features


def _ellipse(chance: random.Random) -> list[int]:
    """Numbers of the cells of an ellipse of random place and size, half of the picture or more."""
    wide, high = chance.uniform(2.5, 6.5), chance.uniform(2.5, 6.5)
    column, row = chance.uniform(1.5, 5.5), chance.uniform(1.5, 5.5)
    return [
        number
        for number in range(GRID * GRID)
        if ((number % GRID - column) / wide) ** 2 + ((number // GRID - row) / high) ** 2 <= 1
    ]
