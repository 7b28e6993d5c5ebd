"""The tower against a plain Lite0, and what its spare channels carry."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from fretboard.lite_vlm.checkpoint.competition import FULL, IMAGENET, competition
from fretboard.lite_vlm.checkpoint.spare import COLOURS
from fretboard.lite_vlm.checkpoint.surroundings import CLASS, COLOUR, PROBE, Surroundings
from fretboard.lite_vlm.checkpoint.tower import (
    FIRST_COLOUR,
    FIRST_PLACE,
    Probes,
    build_tower,
    centred_classifier,
)
from tests.lite_vlm.parts import plain_lite0, random_lite0, random_namer


@pytest.fixture(scope="module")
def pixels() -> Tensor:
    generator = torch.Generator().manual_seed(5)
    coarse = torch.rand(2, 3, 32, 32, generator=generator)
    return functional.interpolate(coarse, 256, mode="bilinear") * 2 - 1


@pytest.fixture(scope="module")
def lite0() -> dict[str, Tensor]:
    """With logits of a measure in which some classes speak and none drowns all others."""
    arrays = random_lite0()
    return arrays | {name: arrays[name] * 0.1 for name in ("_fc.weight", "_fc.bias")}


@pytest.fixture(scope="module")
def probes() -> Probes:
    generator = torch.Generator().manual_seed(6)
    weight = torch.randn(5, 1280, generator=generator) * 0.03
    nouns = torch.arange(1000) // 2 * 2  # two classes each
    return Probes(weight, torch.full((5,), 7.0), torch.cat([nouns, torch.tensor([4, 6, 9, 9, 11])]))


def around(cells: Tensor, shares: Surroundings) -> Tensor:
    """Of (n, channels, rows, columns): each cell with its surroundings, by pooling."""
    beside = functional.avg_pool2d(cells, 3, 1, 1)
    picture = cells.mean((2, 3), keepdim=True)
    return shares.own * cells + shares.beside * beside + shares.picture * picture


@pytest.fixture(scope="module")
def output(pixels: Tensor, lite0: dict[str, Tensor], probes: Probes) -> Tensor:
    with torch.no_grad():
        return build_tower(lite0, probes, random_namer())(pixels).last_hidden_state


@pytest.fixture(scope="module")
def evidence(pixels: Tensor, lite0: dict[str, Tensor], probes: Probes) -> tuple[Tensor, Tensor]:
    """Of each noun and of anything, by the competition's rules from a plain Lite0."""
    weight, bias = centred_classifier(lite0)
    weight, bias = torch.cat([weight, probes.weight]), torch.cat([bias, probes.bias])
    logits = torch.einsum("kc,nchw->nkhw", weight, plain_lite0(lite0, pixels))
    logits += bias[:, None, None]
    taken = around(logits[:, :IMAGENET], CLASS), around(logits[:, IMAGENET:], PROBE)
    return competition(probes.nouns).evidence(torch.cat(taken, 1).permute(0, 2, 3, 1))


def test_nouns_are_what_competition_leaves_of_lite0s_logits(
    output: Tensor, evidence: tuple[Tensor, Tensor]
) -> None:
    expected = evidence[0].permute(0, 3, 1, 2)
    assert (expected > 0).float().mean() > 1e-3  # the comparison is about something
    nouns = expected.shape[1]
    torch.testing.assert_close(output[:, :nouns], expected, atol=5e-3, rtol=1e-3)
    assert (output[:, nouns:FIRST_COLOUR] == 0).all()


def test_colours_are_the_namers_where_they_stand_out_and_something_speaks(
    output: Tensor, pixels: Tensor, evidence: tuple[Tensor, Tensor]
) -> None:
    namer, small = random_namer(), functional.avg_pool2d(pixels + 1, 4)
    hidden = functional.relu6(
        torch.einsum("hc,ncij->nhij", namer.first, small) + namer.first_bias[None, :, None, None]
    )
    terms = torch.einsum("kh,nhij->nkij", namer.second, hidden)
    shares = functional.avg_pool2d(
        functional.relu(terms + namer.second_bias[None, :, None, None]), 8
    )
    silence = functional.relu(1 - evidence[1].permute(0, 3, 1, 2) / FULL)
    standing_out = functional.relu(around(shares, COLOUR))
    expected = functional.relu(standing_out - silence)
    assert 0.02 < (expected != standing_out).float().mean() < 0.98  # it is about something
    assert (expected > 0).float().mean() > 0.1
    seen = output[:, FIRST_COLOUR : FIRST_COLOUR + len(COLOURS)]
    torch.testing.assert_close(seen, expected, atol=5e-3, rtol=1e-3)


def test_evidence_for_anything_lies_in_the_channel_of_the_cells_third(
    output: Tensor, evidence: tuple[Tensor, Tensor]
) -> None:
    anything = evidence[1][..., 0]
    assert anything.std() > 0.5  # the comparison is about something
    columns = torch.arange(8)
    for place, own in enumerate((columns < 3, (columns > 2) & (columns < 5), columns > 4)):
        expected = torch.where(own, anything, torch.zeros(()))
        torch.testing.assert_close(output[:, FIRST_PLACE + place], expected, atol=5e-3, rtol=1e-3)
