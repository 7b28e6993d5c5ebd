"""The tower against a plain Lite0, and what its spare channels carry."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from fretboard.lite_vlm.checkpoint.tower import (
    COLOURS,
    FIRST_COLOUR,
    THRESHOLD,
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
def probes() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(6)
    weight = torch.randn(5, 1280, generator=generator) * 0.3
    return weight, torch.full((5,), THRESHOLD)


@pytest.fixture(scope="module")
def output(pixels: Tensor, probes: tuple[Tensor, Tensor]) -> Tensor:
    with torch.no_grad():
        return build_tower(random_lite0(), probes, random_namer())(pixels).last_hidden_state


def test_classes_are_lite0s_logits_above_the_threshold(
    output: Tensor, pixels: Tensor, probes: tuple[Tensor, Tensor]
) -> None:
    arrays = random_lite0()
    weight, bias = centred_classifier(arrays)
    weight, bias = torch.cat([weight, probes[0]]), torch.cat([bias, probes[1]])
    logits = torch.einsum("kc,nchw->nkhw", weight, plain_lite0(arrays, pixels))
    expected = functional.relu6(logits + bias[None, :, None, None] - THRESHOLD)
    assert (expected > 0).float().mean() > 0.02  # the comparison is about something
    torch.testing.assert_close(output[:, :1005], expected, atol=2e-3, rtol=1e-3)
    assert (output[:, 1005:FIRST_COLOUR] == 0).all()


def test_colours_are_the_namers_over_four_pixels_averaged_over_a_cell(
    output: Tensor, pixels: Tensor
) -> None:
    namer, small = random_namer(), functional.avg_pool2d(pixels + 1, 4)
    hidden = functional.relu6(
        torch.einsum("hc,ncij->nhij", namer.first, small) + namer.first_bias[None, :, None, None]
    )
    terms = torch.einsum("kh,nhij->nkij", namer.second, hidden)
    expected = functional.avg_pool2d(
        functional.relu(terms + namer.second_bias[None, :, None, None]), 8
    )
    found = output[:, FIRST_COLOUR : FIRST_COLOUR + len(COLOURS)]
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


def test_marks_say_in_which_third_a_cell_lies(output: Tensor) -> None:
    first, second, third, fourth = output[0, FIRST_COLOUR + len(COLOURS) :]
    columns = torch.arange(8).expand(8, 8)
    torch.testing.assert_close(first, (columns >= 3).float())
    torch.testing.assert_close(second, (columns <= 4).float())
    torch.testing.assert_close(third, (columns.T >= 3).float())
    torch.testing.assert_close(fourth, (columns.T <= 4).float())
