"""The tower's spare channels: what carries colours and places past Lite0's own.

A channel that Lite0 doesn't use is handed on from block to block, averaged where cells grow
larger. The colour terms are named in cells of four pixels; the marks of the thirds start as a 1
in every cell and are moved in from the left and right border.
"""

from dataclasses import dataclass
from typing import Any

from torch import Tensor

COLOURS = (
    "black",
    "white",
    "gray",
    "red",
    "orange",
    "yellow",
    "green",
    "blue",
    "purple",
    "pink",
    "brown",
)
PLACES = ("left", "middle", "right")
MARKS = 2  # 1 right of the left third, 1 left of the right third
LITE0 = (16, 24, 40, 80, 112, 192, 320)  # channels that leave each stage of Lite0
WITH_SPARES = (20, 39, 52, 92, 124, 212, 336)  # the same with the spare ones
OWN = {36: 32, **dict(zip(WITH_SPARES, LITE0, strict=True))}  # of so many channels
CONSTANT = len(COLOURS)  # spare channel that is 1 in every cell, behind those of the colours
FIRST_SHIFT, SECOND_SHIFT = CONSTANT + 1, CONSTANT + 1 + MARKS
Block = Any  # a part of transformers' model, whose parts have no types


@dataclass(frozen=True, slots=True)
class Namer:
    """The small network from a pixel's red, green, blue (0..2) to its colour term."""

    first: Tensor  # hidden x 3
    first_bias: Tensor
    second: Tensor  # terms x hidden
    second_bias: Tensor


def passed(index: int) -> list[tuple[int, int]]:
    """Which spare channel goes to which of the output, where no residual carries it on."""
    ends = {0: 4, 1: 4, 5: 12, 8: 12, 15: 12}
    if index == 3:  # behind red, green, blue, one stand the colour terms
        return [(4 + colour, colour) for colour in range(len(COLOURS))] + [(3, CONSTANT)]
    pairs = [(channel, channel) for channel in range(ends.get(index, 0))]
    if index == 15:
        pairs += [(SECOND_SHIFT + mark, FIRST_SHIFT + mark) for mark in range(MARKS)]
    return pairs


def _shape(block: Block) -> tuple[int, int, int]:
    """Lite0's own share of a block: channels in, expanded channels, channels out."""
    out = block.projection.project_conv.out_channels
    width = (
        block.expansion.expand_conv.in_channels
        if block.expand
        else block.depthwise_conv.depthwise_conv.in_channels
    )
    return OWN[width], OWN[width] * block.expand_ratio, OWN[out]


def carry(block: Block, pairs: list[tuple[int, int]]) -> None:
    """Hand spare channels on: the same, or over a stride the mean of two by two cells."""
    main_in, main_wide, main_out = _shape(block)
    for slot, (source, target) in enumerate(pairs):
        wide = main_wide + (slot if block.expand else source)
        if block.expand:
            block.expansion.expand_conv.weight[wide, main_in + source] = 1.0
        _tap(block, wide, _mean_taps(block))
        block.projection.project_conv.weight[main_out + target, wide] = 1.0


def _mean_taps(block: Block) -> list[tuple[int, int, float]]:
    kernel = block.depthwise_conv.depthwise_conv.kernel_size[0]
    if block.depthwise_conv.stride == 1:
        return [(kernel // 2, kernel // 2, 1.0)]
    first = kernel // 2 - 1  # after transformers' padding on the left and top
    return [(first + row, first + column, 0.25) for row in (0, 1) for column in (0, 1)]


def _tap(block: Block, channel: int, taps: list[tuple[int, int, float]]) -> None:
    for row, column, weight in taps:
        block.depthwise_conv.depthwise_conv.weight[channel, 0, row, column] = weight


def name_colours(block: Block, namer: Namer) -> None:
    """In cells of four pixels: the namer's two layers are the block's expansion and projection."""
    main_in, wide, main_out = _shape(block)
    hidden = len(namer.first)
    span = slice(wide, wide + hidden)
    block.expansion.expand_conv.weight[span, main_in : main_in + 3, 0, 0] = namer.first
    block.expansion.expand_bn.bias[span] = namer.first_bias
    block.depthwise_conv.depthwise_conv.weight[span, 0, 1, 1] = 1.0
    terms = slice(main_out + 4, main_out + 4 + len(COLOURS))
    block.projection.project_conv.weight[terms, span, 0, 0] = namer.second
    block.projection.project_bn.bias[terms] = namer.second_bias


def quarter(block: Block) -> None:
    """From cells of 16 pixels to cells of 32."""
    carry(block, [(channel, channel) for channel in range(CONSTANT + 1)])


def shift(block: Block, target: int, sources: list[int], step: int) -> None:
    """Move a mark by ``step`` cells from left and right: what lies nearer becomes zero."""
    main_in, wide, main_out = _shape(block)
    for mark, (source, side) in enumerate(zip(sources, (-1, 1), strict=True)):
        block.expansion.expand_conv.weight[wide + mark, main_in + source] = 1.0
        _tap(block, wide + mark, [(2, 2 + step * side, 1.0)])
        block.projection.project_conv.weight[main_out + target + mark, wide + mark] = 1.0
