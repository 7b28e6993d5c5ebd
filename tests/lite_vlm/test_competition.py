"""Nouns compete within a cell: few speak, and classes of one noun speak together."""

import torch

from fretboard.lite_vlm.checkpoint.competition import IMAGENET, competition

PROBE = IMAGENET  # number of the one probe's class


def _evidence(logits: dict[int, float], nouns: torch.Tensor | None = None) -> torch.Tensor:
    every = torch.full((IMAGENET + 1,), -5.0)
    for number, logit in logits.items():
        every[number] = logit
    return competition(torch.arange(IMAGENET + 1) if nouns is None else nouns).evidence(every)[0]


def test_nothing_speaks_below_the_threshold() -> None:
    assert not _evidence({3: 5.0, PROBE: 5.5}).any()


def test_the_clearest_of_many_is_left() -> None:
    left = _evidence(dict.fromkeys(range(40), 9.0) | {7: 16.0})
    assert left.argmax() == 7
    assert (left > 0.05).sum() == 1


def test_a_sure_probe_silences_imagenet_and_not_the_other_way() -> None:
    left = _evidence({5: 14.0, PROBE: 13.0})
    assert left[PROBE] > 2
    assert left[5] == 0


def test_classes_of_one_noun_add_up() -> None:
    logits = dict.fromkeys(range(10), 10.0)
    apart = _evidence(logits)
    nouns = torch.arange(IMAGENET + 1)
    nouns[:10] = 0
    joined = _evidence(logits, nouns)
    assert joined[0] == 6.0  # as much as one cell can say
    assert apart.max() < 1.0
