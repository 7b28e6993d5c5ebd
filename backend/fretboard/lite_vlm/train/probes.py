"""Further classes for the tower: a multinomial regression on the features of cells.

ImageNet has no person, no cow, no flower. What it lacks is learned from the cells that a stamp
fills in composed scenes and from photographs of people, against each other and a background whose
logit is 0, each cell with its surroundings. The result is in the measure of ImageNet's logits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..checkpoint.surroundings import PROBE
from ..checkpoint.tower import FEATURES
from .bank import CELLS, Item

SHIFT = 9.0  # added to log-odds: the measure of ImageNet's logits
BATCH = 1024
DROPPED = 0.5  # share of a cell's features that a step does without
LEAST = 30  # cells of a noun below which it gets no probe
CENTRE = [row * 8 + column for row in range(1, 7) for column in range(1, 7)]  # of a photograph


def labelled_cells(items: Iterable[Item]) -> tuple[Tensor, list[str | None]]:
    """Features (n, 1280) of cells with their surroundings, in half precision, and the noun of
    each cell, None for a background."""
    rows, nouns, around = [], [], PROBE.matrix()
    for item in items:
        labels = _labels(item)
        known = [cell for cell, noun in labels.items() if noun is not None or cell % 4 == 0]
        rows.append((around[known] @ torch.from_numpy(item.features).float()).half())
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


def probed_nouns(nouns: Iterable[str | None]) -> list[str]:
    """The nouns with enough cells for a probe."""
    counts = Counter(noun for noun in nouns if noun is not None)
    return sorted(noun for noun, count in counts.items() if count >= LEAST)


def fit_probes(
    features: Tensor, nouns: list[str | None], kept: list[str], epochs: int = 20, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """Weights (kept x 1280) and biases of the probes for the nouns of ``kept``."""
    index = {noun: number for number, noun in enumerate(kept, 1)}
    target = torch.tensor([index.get(noun, 0) if noun is not None else 0 for noun in nouns])
    generator = torch.Generator().manual_seed(seed)
    weight = torch.zeros(len(kept), FEATURES, requires_grad=True)
    bias = torch.full((len(kept),), -5.0, requires_grad=True)
    optimiser = torch.optim.AdamW([weight, bias], lr=5e-3, betas=(0.9, 0.99), weight_decay=0.05)
    steps = epochs * (len(target) // BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in range(epochs):
        order = torch.randperm(len(target), generator=generator)
        for batch in order.split(BATCH)[: len(target) // BATCH]:
            dropped = torch.rand(len(batch), FEATURES, generator=generator) < DROPPED
            seen = features[batch].float().masked_fill(dropped, 0) / (1 - DROPPED)
            background = torch.zeros(len(batch), 1)
            logits = torch.cat([background, seen @ weight.T + bias], 1)
            loss = functional.cross_entropy(logits, target[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return weight.detach(), bias.detach() + SHIFT


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
