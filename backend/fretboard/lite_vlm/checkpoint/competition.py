"""Nouns hold each other down within a cell, so that few of them speak.

A class's logit becomes evidence, ``relu6(scale * (logit - threshold))``. In a first round every
class loses a share of the evidence for other nouns (118 of ImageNet's classes are dogs: they don't
compete); a second one does so again and adds up what is left for each noun. Each round is a linear
map before a relu6, so two stages of EfficientNet hold it exactly. Shares were chosen on cells of
training scenes and training photographs.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

IMAGENET = 1000
CLASS_THRESHOLD, CLASS_SCALE = 6.0, 0.4  # centred logits of a clear class lie between 9 and 25
PROBE_THRESHOLD, PROBE_SCALE = 6.0, 0.6  # a probe's lie between 7 and 17
CLASS_GAIN, PROBE_GAIN = 2.0, 1.2  # of what is left after both rounds
FULL = 3.0  # evidence for anything from which on a cell says its colours in full


@dataclass(frozen=True, slots=True)
class Shares:
    """What a class loses of each unit of evidence for other nouns: "of" whom, "by" whom."""

    class_by_class: float
    class_by_probe: float
    probe_by_class: float
    probe_by_probe: float


ROUNDS = Shares(0.03, 0.5, 0.01, 0.2), Shares(0.15, 0.5, 0.02, 0.2)


@dataclass(frozen=True, slots=True)
class Competition:
    """``relu6(second @ relu6(first @ relu6(scale * (logits - threshold))))``."""

    scale: Tensor  # of each class
    threshold: Tensor
    first: Tensor  # classes x classes
    second: Tensor  # nouns x classes

    def evidence(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Of centred logits (..., classes) the evidence for each noun (..., nouns), and what the
        first round leaves in all (..., 1): that there is anything; both from 0 to 6."""
        speaking = (self.scale * (logits - self.threshold)).clamp(0, 6)
        left = (speaking @ self.first.T).clamp(0, 6)
        return (left @ self.second.T).clamp(0, 6), left.sum(-1, keepdim=True).clamp(max=6)


def competition(nouns: Tensor) -> Competition:
    """Of classes whose nouns have these numbers, ImageNet's thousand first, then the probes."""
    probe = torch.arange(len(nouns)) >= IMAGENET
    every = torch.arange(int(nouns.max()) + 1)
    probed = torch.isin(every, nouns[probe])
    same = nouns[:, None] == nouns
    gain = torch.where(probed, PROBE_GAIN, CLASS_GAIN)
    return Competition(
        torch.where(probe, PROBE_SCALE, CLASS_SCALE),
        torch.where(probe, PROBE_THRESHOLD, CLASS_THRESHOLD),
        torch.where(same, torch.eye(len(nouns)), -_lost(probe, probe, ROUNDS[0])),
        gain[:, None] * torch.where(every[:, None] == nouns, 1.0, -_lost(probed, probe, ROUNDS[1])),
    )


def _lost(of: Tensor, by: Tensor, shares: Shares) -> Tensor:
    """(of x by), each True where it is a probe's."""
    class_lost = torch.where(by, shares.class_by_probe, shares.class_by_class)
    probe_lost = torch.where(by, shares.probe_by_probe, shares.probe_by_class)
    return torch.where(of[:, None], probe_lost, class_lost)
