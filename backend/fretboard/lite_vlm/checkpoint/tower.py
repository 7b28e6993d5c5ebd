"""EfficientNet-Lite0 as a transformers tower whose image tokens are evidence, not features.

The ImageNet network is held exactly: its channels come first in every stage and keep their
weights. Channels that it doesn't use carry what ImageNet features lose: which colour terms a
cell shows and in which third of the picture it lies. The classifier and the competition between
its classes are the tower's last stages, so what leaves a cell of 32 pixels is the evidence for
every noun, the share of every colour term, and four marks of place.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import EfficientNetConfig, EfficientNetModel

from .competition import IMAGENET, competition

IMAGE = 256
GRID = 8  # cells a side
FEATURES = 1280  # Lite0's features of a cell, which the classifier reads
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
PLACES = ("right of the left", "left of the right", "below the top", "above the bottom")
WIDTH = 1440  # channels that leave the tower
FIRST_COLOUR = WIDTH - len(COLOURS) - len(PLACES)
PROBES = FIRST_COLOUR - IMAGENET  # most classes that can be added to ImageNet's
KERNELS = (3, 3, 5, 3, 5, 5, 3, 1, 1, 1)
STRIDES = (1, 2, 2, 2, 1, 2, 1, 1, 1, 1)
REPEATS = (1, 2, 2, 3, 3, 4, 1, 1, 1, 1)
EXPANSION = (1, 6, 6, 6, 6, 6, 6, 4, 1, 1)
LITE0 = (16, 24, 40, 80, 112, 192, 320)  # channels that leave each stage of Lite0
INNER = (20, 39, 52, 92, 124, 212, 336, WIDTH, WIDTH, WIDTH)  # the same with the spare ones
FACTOR = (
    1.125  # transformers' factor that turns 32 stem channels into 36 and 1280 at the top into WIDTH
)
EPSILON = 1e-3
CONSTANT = len(COLOURS)  # spare channel that is 1 in every cell, behind those of the colours
FIRST_SHIFT, SECOND_SHIFT = CONSTANT + 1, CONSTANT + 5
Arrays = dict[str, Tensor]
Block = Any  # a part of transformers' model, whose parts have no types


@dataclass(frozen=True, slots=True)
class Namer:
    """The small network from a pixel's red, green, blue (0..2) to its colour term."""

    first: Tensor  # hidden x 3
    first_bias: Tensor
    second: Tensor  # terms x hidden
    second_bias: Tensor


@dataclass(frozen=True, slots=True)
class Probes:
    """Further classes, in the measure of ImageNet's centred logits."""

    weight: Tensor  # probes x 1280
    bias: Tensor
    nouns: Tensor  # number of the noun of every class, ImageNet's thousand first


def tower_config() -> EfficientNetConfig:
    """The configuration under which EfficientNetModel holds Lite0 and the spare channels."""
    listed = [round(channels / FACTOR) for channels in INNER]
    return EfficientNetConfig(
        image_size=IMAGE,
        width_coefficient=FACTOR,
        depth_coefficient=1.0,
        depth_divisor=1,
        kernel_sizes=list(KERNELS),
        in_channels=[32, *listed[:-1]],
        out_channels=listed,
        strides=list(STRIDES),
        num_block_repeats=list(REPEATS),
        expand_ratios=list(EXPANSION),
        squeeze_expansion_ratio=1e-3,
        hidden_act="relu6",
        hidden_dim=WIDTH,
        hidden_size=WIDTH,
        batch_norm_eps=EPSILON,
        drop_connect_rate=0.0,
    )


def build_tower(lite0: Arrays, probes: Probes, namer: Namer) -> EfficientNetModel:
    """The tower in float32."""
    model = EfficientNetModel(tower_config()).eval().requires_grad_(False)
    for name, value in model.state_dict().items():
        if value.is_floating_point():
            value.fill_(1.0 if name.endswith("running_var") else 0.0)
    for norm in model.modules():
        if isinstance(norm, nn.BatchNorm2d):
            norm.weight.fill_((1 + EPSILON) ** 0.5)  # the identity, whatever epsilon is
    for block in model.encoder.blocks:
        block.squeeze_excite.expand.bias.fill_(40.0)  # a gate that is open: sigmoid(40) = 1
    _stem(model, lite0)
    for index, block in enumerate(model.encoder.blocks[:16]):
        _copy_block(block, lite0, f"_blocks.{index}.")
        _carry(block, _kept(index))
    _name_colours(model.encoder.blocks[2], namer)
    _quarter(model.encoder.blocks[11])
    _shift(model.encoder.blocks[12], FIRST_SHIFT, [CONSTANT] * 4, 2)
    _shift(model.encoder.blocks[13], SECOND_SHIFT, list(range(FIRST_SHIFT, FIRST_SHIFT + 4)), 1)
    _classify(model.encoder.blocks[16], lite0, probes)
    _compete(model.encoder, probes.nouns)
    return model


def centred_classifier(lite0: Arrays) -> tuple[Tensor, Tensor]:
    """Weights and biases of the 1000 classes less their mean: the same softmax, one zero."""
    weight, bias = lite0["_fc.weight"], lite0["_fc.bias"]
    return weight - weight.mean(0), bias - bias.mean()


def _stem(model: EfficientNetModel, lite0: Arrays) -> None:
    """Lite0's stem, then the mean red, green, blue of two by two pixels (0..2) and a 1."""
    stem = model.embeddings
    stem.convolution.weight[:32] = lite0["_conv_stem.weight"]
    _copy_norm(stem.batchnorm, lite0, "_bn0.")
    for colour in range(3):
        stem.convolution.weight[32 + colour, colour, :2, :2] = 0.25
    stem.batchnorm.bias[32:36] = 1.0


def _copy_block(block: Block, lite0: Arrays, prefix: str) -> None:
    """Lite0's block into the first channels; the spares' expanded channels stand behind its own."""
    if block.expand:
        source = lite0[prefix + "_expand_conv.weight"]
        block.expansion.expand_conv.weight[: source.shape[0], : source.shape[1]] = source
        _copy_norm(block.expansion.expand_bn, lite0, prefix + "_bn0.")
    depth = lite0[prefix + "_depthwise_conv.weight"]
    block.depthwise_conv.depthwise_conv.weight[: len(depth)] = depth
    _copy_norm(block.depthwise_conv.depthwise_norm, lite0, prefix + "_bn1.")
    project = lite0[prefix + "_project_conv.weight"]
    block.projection.project_conv.weight[: project.shape[0], : project.shape[1]] = project
    _copy_norm(block.projection.project_bn, lite0, prefix + "_bn2.")


def _copy_norm(norm: nn.BatchNorm2d, lite0: Arrays, prefix: str) -> None:
    for name in ("weight", "bias", "running_mean", "running_var"):
        source = lite0[prefix + name]
        getattr(norm, name)[: len(source)] = source


def _kept(index: int) -> list[tuple[int, int]]:
    """Which spare channel goes to which of the output, where no residual carries it on."""
    ends = {0: 4, 1: 4, 5: 12, 8: 12, 15: 12}
    if index == 3:  # behind red, green, blue, one stand the colour terms
        return [(4 + colour, colour) for colour in range(len(COLOURS))] + [(3, CONSTANT)]
    pairs = [(channel, channel) for channel in range(ends.get(index, 0))]
    if index == 15:
        pairs += [(SECOND_SHIFT + place, FIRST_SHIFT + place) for place in range(len(PLACES))]
    return pairs


def _shape(block: Block) -> tuple[int, int, int]:
    """Lite0's own share of a block: channels in, expanded channels, channels out."""
    out = block.projection.project_conv.out_channels
    main_out = LITE0[INNER.index(out)]
    width = (
        block.expansion.expand_conv.in_channels
        if block.expand
        else block.depthwise_conv.depthwise_conv.in_channels
    )
    main_in = 32 if width == 36 else LITE0[INNER.index(width)]
    return main_in, main_in * block.expand_ratio, main_out


def _carry(block: Block, pairs: list[tuple[int, int]]) -> None:
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


def _name_colours(block: Block, namer: Namer) -> None:
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


def _quarter(block: Block) -> None:
    """From cells of 16 pixels to cells of 32."""
    _carry(block, [(channel, channel) for channel in range(CONSTANT + 1)])


def _shift(block: Block, target: int, sources: list[int], step: int) -> None:
    """Move a mark by ``step`` cells from each border: what lies nearer to it becomes zero."""
    main_in, wide, main_out = _shape(block)
    for place, (source, (row, column)) in enumerate(
        zip(sources, ((0, -1), (0, 1), (-1, 0), (1, 0)), strict=True)
    ):
        block.expansion.expand_conv.weight[wide + place, main_in + source] = 1.0
        _tap(block, wide + place, [(2 + step * row, 2 + step * column, 1.0)])
        block.projection.project_conv.weight[main_out + target + place, wide + place] = 1.0


def _classify(block: Block, lite0: Arrays, probes: Probes) -> None:
    """Lite0's head as an expansion, the classifier as its projection."""
    weight, bias = centred_classifier(lite0)
    classes = IMAGENET + len(probes.weight)
    block.expansion.expand_conv.weight[:FEATURES, :320] = lite0["_conv_head.weight"]
    _copy_norm(block.expansion.expand_bn, lite0, "_bn1.")
    block.depthwise_conv.depthwise_conv.weight[:] = 1.0
    block.projection.project_conv.weight[:classes, :FEATURES, 0, 0] = torch.cat(
        [weight, probes.weight]
    )
    block.projection.project_bn.bias[:classes] = torch.cat([bias, probes.bias])
    marks = [*range(len(COLOURS)), *range(FIRST_SHIFT, FIRST_SHIFT + len(PLACES))]
    for slot, source in enumerate(marks):
        block.expansion.expand_conv.weight[FEATURES + slot, 320 + source] = 1.0
        block.projection.project_conv.weight[FIRST_COLOUR + slot, FEATURES + slot] = 1.0


def _compete(encoder: Block, nouns: Tensor) -> None:
    """Threshold and first round in one stage, the second round in the next; marks pass."""
    classes, rules = len(nouns), competition(nouns)
    for block, kept in zip(encoder.blocks[17:19], (rules.first, rules.second), strict=True):
        block.depthwise_conv.depthwise_conv.weight[:] = 1.0
        project = block.projection.project_conv.weight[:, :, 0, 0]
        project[FIRST_COLOUR:, FIRST_COLOUR:] = torch.eye(WIDTH - FIRST_COLOUR)
        project[: kept.shape[0], : kept.shape[1]] = kept
    first = encoder.blocks[17].depthwise_conv
    first.depthwise_conv.weight[:classes, 0, 0, 0] = rules.scale
    first.depthwise_norm.bias[:classes] = -rules.scale * rules.threshold
    encoder.top_conv.weight[:, :, 0, 0] = torch.eye(WIDTH)
