"""Further classes for the tower: one logistic regression a noun on the features of single cells.

ImageNet has no person, no cow, no flower. What it lacks is learned from the cells that a stamp
fills in composed scenes and from photographs of people; the result is in the measure of the
classifier's logits, so that the tower's one threshold serves both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from ..checkpoint.tower import FEATURES
from .bank import CELLS, Item

SHIFT = 9.0  # added to log-odds: the measure of ImageNet's logits
LEAST = 30  # cells of a noun below which it gets no probe
CENTRE = [row * 8 + column for row in range(1, 7) for column in range(1, 7)]  # of a photograph


def labelled_cells(items: Iterable[Item]) -> tuple[Tensor, list[str | None]]:
    """Features (n, 1280) in half precision and the noun of each cell, None for a background."""
    rows, nouns = [], []
    for item in items:
        labels = _labels(item)
        known = [cell for cell, noun in labels.items() if noun is not None or cell % 4 == 0]
        rows.append(torch.from_numpy(item.features[known]))
        nouns += [labels[cell] for cell in known]
    return torch.cat(rows), nouns


def _labels(item: Item) -> dict[int, str | None]:
    kind = item.truth["kind"]
    if kind == "photograph":
        noun = item.truth["noun"]
        return dict.fromkeys(CENTRE, noun) if noun == "person" else {}
    labels: dict[int, str | None] = dict.fromkeys(range(CELLS))
    for thing in item.truth.get("things", ()):
        labels.update(dict.fromkeys(thing["cells"], thing["noun"]))
    return labels


def fit_probes(
    features: Tensor, nouns: list[str | None], epochs: int = 6, seed: int = 0
) -> tuple[list[str], Tensor, Tensor]:
    """The nouns with enough cells, their weights (classes x 1280) and biases."""
    counts = Counter(noun for noun in nouns if noun is not None)
    kept = sorted(noun for noun, count in counts.items() if count >= LEAST)
    index = {noun: number for number, noun in enumerate(kept)}
    target = torch.tensor([index.get(noun, -1) if noun is not None else -1 for noun in nouns])
    generator = torch.Generator().manual_seed(seed)
    weight = torch.zeros(len(kept), FEATURES, requires_grad=True)
    bias = torch.full((len(kept),), -5.0, requires_grad=True)
    optimiser = torch.optim.AdamW([weight, bias], lr=2e-3, weight_decay=0.05)
    steps = epochs * (len(target) // 1024)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for step in range(steps):
        if step % (len(target) // 1024) == 0:
            order = torch.randperm(len(target), generator=generator)
        batch = order[(step * 1024) % (len(target) - 1023) :][:1024]
        logits = features[batch].float() @ weight.T + bias
        truth = torch.nn.functional.one_hot(target[batch] + 1, len(kept) + 1)[:, 1:].float()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
        optimiser.zero_grad()
        loss.sum(1).mean().backward()
        optimiser.step()
        schedule.step()
    return kept, weight.detach(), bias.detach() + SHIFT


def mean_and_covariance(items: Iterable[Item]) -> tuple[Tensor, Tensor]:
    """Of the features of all cells: mean (1280) and covariance (1280 x 1280)."""
    total, outer, count = torch.zeros(FEATURES), torch.zeros(FEATURES, FEATURES), 0
    for item in items:
        rows = torch.from_numpy(item.features.astype(np.float32))
        total += rows.sum(0)
        outer += rows.T @ rows
        count += len(rows)
    mean = total / count
    return mean, outer / count - torch.outer(mean, mean)
