"""EfficientNet-Lite0 as a transformers tower whose image tokens are evidence, not features.

The ImageNet network is held exactly: its channels come first in every stage and keep their
weights. Channels that it doesn't use carry what ImageNet features lose: which colour terms a
cell shows and in which third of the picture it lies. The classifier and the competition between
its classes are the tower's last stages, so what leaves a cell of 32 pixels is the evidence for
every noun, by how much a colour term stands out where anything speaks, and the evidence for
anything at all in the channel of the third in which the cell lies.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from transformers import EfficientNetConfig, EfficientNetModel

from .competition import FULL, IMAGENET, competition
from .spare import (
    COLOURS,
    CONSTANT,
    FIRST_SHIFT,
    MARKS,
    PLACES,
    SECOND_SHIFT,
    WITH_SPARES,
    Block,
    Namer,
    carry,
    name_colours,
    passed,
    quarter,
    shift,
)
from .surroundings import ALONE, CLASS, COLOUR, PROBE, REACH, SIDE

IMAGE = 256
GRID = SIDE
FEATURES = 1280  # Lite0's features of a cell, which the classifier reads
WIDTH = 1440  # channels that leave the tower
FIRST_PLACE = WIDTH - len(PLACES)
FIRST_COLOUR = FIRST_PLACE - len(COLOURS)
SILENT = FIRST_COLOUR - 1  # between the last stages: 6 where nothing speaks, 0 where much does
PROBES = SILENT - IMAGENET  # most classes that can be added to ImageNet's
KERNELS = (3, 3, 5, 3, 5, 5, 3, 1, REACH, 1, 1)
STRIDES = (1, 2, 2, 2, 1, 2, 1, 1, 1, 1, 1)
REPEATS = (1, 2, 2, 3, 3, 4, 1, 1, 1, 1, 1)
EXPANSION = (1, 6, 6, 6, 6, 6, 6, 4, 1, 1, 1)
INNER = (*WITH_SPARES, WIDTH, WIDTH, WIDTH, WIDTH)  # channels that leave each stage
FACTOR = (
    1.125  # transformers' factor that turns 32 stem channels into 36 and 1280 at the top into WIDTH
)
EPSILON = 1e-3
SHUT = 1e3  # more than all evidence of a cell
Arrays = dict[str, Tensor]


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
        carry(block, passed(index))
    name_colours(model.encoder.blocks[2], namer)
    quarter(model.encoder.blocks[11])
    shift(model.encoder.blocks[12], FIRST_SHIFT, [CONSTANT] * MARKS, 2)
    shift(model.encoder.blocks[13], SECOND_SHIFT, list(range(FIRST_SHIFT, SECOND_SHIFT)), 1)
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
    marks = [*range(len(COLOURS)), *range(FIRST_SHIFT, SECOND_SHIFT)]
    for slot, source in enumerate(marks):
        block.expansion.expand_conv.weight[FEATURES + slot, 320 + source] = 1.0
        block.projection.project_conv.weight[FIRST_COLOUR + slot, FEATURES + slot] = 1.0


def _compete(encoder: Block, nouns: Tensor) -> None:
    """Surroundings, threshold and first round in one stage, the second round in the next, in the
    last the colours of cells that are silent fall silent too."""
    classes, rules = len(nouns), competition(nouns)
    for block, kept in zip(encoder.blocks[17:19], (rules.first, rules.second), strict=True):
        project = block.projection.project_conv.weight[:, :, 0, 0]
        project[FIRST_COLOUR:, FIRST_COLOUR:] = torch.eye(WIDTH - FIRST_COLOUR)
        project[: kept.shape[0], : kept.shape[1]] = kept
    first = encoder.blocks[17].depthwise_conv
    _look_around(first.depthwise_conv.weight[:, 0], classes)
    first.depthwise_conv.weight[:classes, 0] *= rules.scale[:, None, None]
    first.depthwise_norm.bias[:classes] = -rules.scale * rules.threshold
    for block in encoder.blocks[18:20]:
        block.depthwise_conv.depthwise_conv.weight[:] = 1.0
    _place(encoder.blocks[17].projection, encoder.blocks[18].projection, classes)
    _hush(encoder.blocks[18].projection, encoder.blocks[19].projection, classes)
    encoder.top_conv.weight[:, :, 0, 0] = torch.eye(WIDTH)


def _look_around(kernels: Tensor, classes: int) -> None:
    """What each channel takes from which cells: ImageNet's classes, probes, colours, marks."""
    kernels[:IMAGENET] = CLASS.kernel()
    kernels[IMAGENET:classes] = PROBE.kernel()
    kernels[FIRST_COLOUR:FIRST_PLACE] = COLOUR.kernel()
    kernels[FIRST_PLACE:] = ALONE.kernel()


def _hush(second: Block, last: Block, classes: int) -> None:
    """A colour less what is missing to FULL evidence for anything."""
    second.project_conv.weight[SILENT, :classes] = -6 / FULL
    second.project_bn.bias[SILENT] = 6.0
    last.project_conv.weight[:, :, 0, 0] = torch.eye(WIDTH)
    last.project_conv.weight[FIRST_COLOUR:FIRST_PLACE, SILENT] = -1 / 6
    last.project_conv.weight[SILENT] = 0.0


def _place(first: Block, second: Block, classes: int) -> None:
    """The evidence that the first round leaves, summed, in the channel of the cell's own third."""
    left, middle = FIRST_PLACE, FIRST_PLACE + 1
    # The marks come in as the first two; the first stage makes of them what shuts each third.
    shut = first.project_conv.weight[left:, left:, 0, 0]
    shut[:] = torch.tensor([[1.0, 0.0, 0.0], [-1.0, -1.0, 0.0], [0.0, 1.0, 0.0]])
    first.project_bn.bias[middle] = 2.0
    second.project_conv.weight[left:, left:, 0, 0] = -SHUT * torch.eye(len(PLACES))
    second.project_conv.weight[left:, :classes] = 1.0
