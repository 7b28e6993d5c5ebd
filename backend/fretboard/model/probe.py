"""Where the pixels a model is given come from in the picture, measured on its own processor.

Processors resize, cut the middle out, pad to a square or tile, each by settings of its own. Instead
of repeating their arithmetic, a picture of the same size whose red rises from left to right and
whose green rises from top to bottom goes through the processor: what comes out says of every pixel
where it was. A black and a white picture undo the normalisation and show what is padding.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

SMALLEST_SIDE = 8  # pixels; a slope over fewer is bent by the resizing at both ends
EDGE_PIXELS, EDGE_SHARE = 2, 0.02  # the ends of a slope, where resizing bends it
SOLID = 0.99  # share of a pixel that must be picture, the rest being padding
WHOLE = 0.01  # what a crop may miss at each side and still show the whole picture


@dataclass(frozen=True)
class Crop:
    """One tile of pixels: at column c of `width`, x = start + c · step as a share of the picture.

    `y` alike over the rows; NaN for a tile that shows nothing of the picture.
    """

    height: int
    width: int
    x: tuple[float, float]
    y: tuple[float, float]

    @property
    def whole(self) -> bool:
        """Whether it shows the picture from edge to edge."""
        sides = ((self.x, self.width), (self.y, self.height))
        return all(start < WHOLE and start + n * step > 1 - WHOLE for (start, step), n in sides)

    def cells(self, rows: int, columns: int) -> Tensor:
        """(rows · columns, 4): left, top, right, bottom of equal cells, row by row."""
        across = self.x[0] + self.x[1] * self.width / columns * torch.arange(columns + 1)
        down = self.y[0] + self.y[1] * self.height / rows * torch.arange(rows + 1)
        sides = [
            across[:-1].expand(rows, -1),
            down[:-1, None].expand(-1, columns),
            across[1:].expand(rows, -1),
            down[1:, None].expand(-1, columns),
        ]
        return torch.stack(sides, dim=-1).reshape(-1, 4)


def probe(size: tuple[int, int], tiles: Callable[[Image.Image], Tensor]) -> list[Crop]:
    """The crops of a picture of `size` (width, height).

    `tiles` is the processor: a picture → (crops, 3, height, width).
    """
    black, white = (tiles(Image.new("RGB", size, color)) for color in ("black", "white"))
    span = white - black
    solid = span > SOLID * span.amax((0, 2, 3), keepdim=True)  # channels are scaled apart
    shares = torch.where(solid, (tiles(_slopes(*size)) - black) / span, torch.nan)
    return [_crop(tile[0].double().numpy(), tile[1].double().numpy(), size) for tile in shares]


def _slopes(width: int, height: int) -> Image.Image:
    """Red rises from left to right, green from top to bottom."""
    across = np.linspace(0, 255, width).round().astype(np.uint8)
    down = np.linspace(0, 255, height).round().astype(np.uint8)
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 0], pixels[..., 1] = across, down[:, None]
    return Image.fromarray(pixels)


def _crop(red: np.ndarray, green: np.ndarray, size: tuple[int, int]) -> Crop:
    rows, columns = red.shape
    return Crop(rows, columns, _line(red, size[0]), _line(green.T, size[1]))


def _line(shares: np.ndarray, pixels: int) -> tuple[float, float]:
    """(start, step) of the position, over the second axis of `shares`; NaN where all is padding."""
    known = np.isfinite(shares)
    at = np.flatnonzero(known.any(axis=0))
    if len(at) < 2:
        return float("nan"), float("nan")
    columns = shares[:, at]
    means = np.nansum(columns, axis=0) / known[:, at].sum(axis=0)
    edge = max(EDGE_SHARE, EDGE_PIXELS / (pixels - 1))
    inner = (means > edge) & (means < 1 - edge)
    chosen = inner if inner.sum() > 1 else np.ones_like(inner)
    places = (means[chosen] * (pixels - 1) + 0.5) / pixels  # from pixel centres to shares of a side
    step, start = np.polyfit(at[chosen] + 0.5, places, 1)
    return float(start), float(step)


def clipped(rectangles: Iterable[Tensor]) -> Tensor:
    """(n, 4) within the picture; NaN for what lies outside it, in the padding."""
    inside = torch.stack(list(rectangles)).clamp(0, 1)
    empty = (inside[:, 2:] - inside[:, :2] <= 0).any(dim=1)
    return torch.where(empty[:, None] | inside.isnan().any(1)[:, None], torch.nan, inside)
