"""Where in the picture each image position lies, by family; a family not known here is refused."""

import inspect
import math
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from fretboard.core.errors import InputError
from fretboard.model.checkpoint import Checkpoint
from fretboard.model.inputs import build_inputs, image_positions
from fretboard.model.probe import SMALLEST_SIDE, Crop, clipped, probe

# Positions are the cells of one crop after another, row by row.
IN_ROWS = frozenset(
    {
        "aya_vision", "fast_vlm", "gemma3", "glm4v", "idefics3", "internvl", "janus", "llava",
        "mistral3", "paligemma", "qwen2_vl", "qwen2_5_vl", "qwen3_vl", "smolvlm", "vipllava",
    }
)  # fmt: skip
# The whole picture, then the crops joined to one, trimmed, with a line-break feature a row.
PACKED = frozenset({"llava_next", "llava_onevision"})
# Each position attends to the whole picture.
MIXING = frozenset({"blip-2", "idefics2", "instructblip", "kosmos-2"})
WHOLE_PICTURE, CROPS = 0, 1


@dataclass(frozen=True)
class Grid:
    """Places of the image positions in the upright picture, in the prompt's order.

    rectangles: (n, 4) left, top, right, bottom as shares of width and height; NaN: no place (a
    line break, padding). level: (n,) WHOLE_PICTURE, or CROPS of a picture that is cut as well.
    """

    rectangles: Tensor
    level: Tensor


def patch_grid(checkpoint: Checkpoint, prompt: str, image: Image.Image) -> Grid:
    """Where the image positions lie. Raises InputError, with the reason, where it is not known."""
    family = str(checkpoint.model.config.model_type)
    if checkpoint.anatomy.cross_attention:
        raise InputError(
            "This model looks at the image by cross-attention: no position of its prompt holds a "
            "part of the image."
        )
    if family in MIXING:
        raise InputError(
            f"Each image position of {family} takes in the whole picture; none has a place in it."
        )
    if family not in IN_ROWS | PACKED:
        raise InputError(f"How {family} lays its image positions out is not known here.")
    if min(image.size) < SMALLEST_SIDE:
        raise InputError(f"A picture of {image.width} × {image.height} pixels is too small to map.")
    inputs = build_inputs(checkpoint, prompt, image, None)
    crops = probe(image.size, lambda picture: _tiles(checkpoint, prompt, picture))
    layout = _packed if family in PACKED else _in_rows
    laid = layout(checkpoint, crops, inputs.tensors, len(image_positions(checkpoint, inputs)))
    return Grid(clipped(laid[:, :4]), laid[:, 4].nan_to_num(CROPS).round().int())


def _tiles(checkpoint: Checkpoint, prompt: str, picture: Image.Image) -> Tensor:
    """(crops, 3, height, width) that the model is given."""
    tensors = build_inputs(checkpoint, prompt, picture, None).tensors
    pixels = tensors["pixel_values"].float().cpu()
    if pixels.ndim == 2:
        return _unpatched(checkpoint.processor, pixels, tensors["image_grid_thw"][0].tolist())
    return pixels.flatten(0, -4)


def _unpatched(processor: Any, patches: Tensor, grid: list[int]) -> Tensor:
    """Qwen-VL and GLM-4V: patches in blocks of `merge_size`², each a position → (1, 3, h, w)."""
    merge, frames = (
        processor.image_processor.merge_size,
        processor.image_processor.temporal_patch_size,
    )
    _, rows, columns = grid
    side = math.isqrt(patches.shape[1] // (3 * frames))
    blocks = patches.view(-1, rows // merge, columns // merge, merge, merge, 3, frames, side, side)
    picture = blocks[0, ..., 0, :, :].permute(4, 0, 2, 5, 1, 3, 6)
    return picture.reshape(1, 3, rows * side, columns * side)


def _leveled(crop: Crop, rows: int, columns: int) -> Tensor:
    """(rows · columns, 5): the cells, and whether they show the whole picture or a part."""
    cells = crop.cells(rows, columns)
    level = WHOLE_PICTURE if crop.whole else CROPS
    return torch.cat([cells, torch.full_like(cells[:, :1], level)], dim=1)


def _in_rows(
    _checkpoint: Checkpoint, crops: list[Crop], _tensors: dict[str, Tensor], positions: int
) -> Tensor:
    height, width = crops[0].height, crops[0].width
    cells, left_over = divmod(positions, len(crops))
    rows = math.isqrt(cells * height // width)
    columns = cells // max(rows, 1)
    if left_over or rows * columns != cells or rows * width != columns * height:
        raise _unfitting(positions)
    laid = torch.cat([_leveled(crop, rows, columns) for crop in crops])
    if len(crops) == 1:
        laid[:, 4] = WHOLE_PICTURE
    return laid


def _packed(
    checkpoint: Checkpoint, crops: list[Crop], tensors: dict[str, Tensor], positions: int
) -> Tensor:
    """The model's own packing, done to places instead of features."""
    model = checkpoint.model
    eye = model.config.vision_config
    side = eye.image_size // eye.patch_size
    places = torch.stack([_leveled(crop, side, side) for crop in crops])
    pack = model.model.pack_image_features
    settings = inspect.signature(pack).parameters.keys() & vars(model.config).keys()
    packed, _ = pack(
        [places],
        tensors["image_sizes"].cpu(),
        image_newline=torch.full((5,), torch.nan),
        **{name: getattr(model.config, name) for name in settings},
    )
    if len(packed[0]) != positions:
        raise _unfitting(positions)
    return packed[0]


def _unfitting(positions: int) -> InputError:
    return InputError(
        f"The places of this picture's {positions} image positions are not known: they do not fit "
        "the way this family is known to lay them out."
    )
