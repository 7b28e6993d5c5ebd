"""A word over the image: its probability at every image position, a slider over depth."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
from PIL import Image

from fretboard.core.errors import InputError
from fretboard.core.reading import Lens
from fretboard.figures.quantities import NAMES_OF_LENS
from fretboard.figures.theme import SEQUENTIAL, THEMES, ThemeName, base_figure, percent, readable

FINEST = 96  # cells of the raster along an axis: finer patches share one
SIZE = (620, 560)  # px
VEIL = 0.6  # opacity of the values over the picture


def patches_figure(
    image: Image.Image,
    rectangles: np.ndarray,
    values: np.ndarray,
    word: str,
    lens: Lens,
    theme: ThemeName = "light",
    only: int | None = None,
) -> go.Figure:
    """rectangles: (patch, 4) left, top, right, bottom as shares of the image, NaN: without a place.

    values: (depth, patch) probabilities. Opens at the depth where the word is likeliest.
    only: this depth, without a slider. Raises InputError for one that is not there.
    """
    if only is not None and only >= len(values):
        raise InputError(f"There is no depth {only}; there are 0 to {len(values) - 1}.")
    placed = np.flatnonzero(~np.isnan(rectangles).any(axis=1))
    cells = raster(rectangles, placed)
    depth = int(values[:, placed].max(axis=1).argmax()) if len(placed) else 0
    meta = {"axis": "patches", "unit": "probability", "lens": lens, "size": list(SIZE)}
    figure = base_figure(THEMES[theme], meta)
    lay_under(figure, image)
    top = max(float(values[:, placed].max(initial=0.0)), 1e-9)
    for d in range(len(values)) if only is None else [only]:
        shown = d == depth or only is not None
        figure.add_trace(_veil(values[d], cells, d, word, lens, top, shown))
    if only is None:
        figure.update_layout(sliders=[_slider(len(values), depth)])
    return figure


def lay_under(figure: go.Figure, image: Image.Image, axes: str = "x", **panel: int) -> None:
    """The picture under what is drawn, over the whole of its axes; `axes`: the name of their x."""
    figure.add_layout_image(
        source=image, xref="x", yref="y", x=0, y=0, sizex=1, sizey=1, sizing="stretch",
        layer="below", **panel,
    )  # fmt: skip
    hidden = {"showgrid": False, "visible": False, "constrain": "domain"}
    figure.update_xaxes(range=[0, 1], **hidden)  # of an empty panel too
    figure.update_yaxes(range=[1, 0], scaleratio=image.height / image.width, **hidden)
    figure.update_yaxes(scaleanchor=axes, **panel)


def veil(cells: np.ndarray, values: np.ndarray, **more: Any) -> go.Heatmap:
    """(patch,) values over the picture, as `cells` lays the patches; more: as of a heatmap."""
    rows, columns = cells.shape
    return go.Heatmap(
        z=np.where(cells >= 0, values[cells], np.nan).astype(np.float32),
        x0=0.5 / columns, dx=1 / columns, y0=0.5 / rows, dy=1 / rows,
        zmin=0, colorscale=SEQUENTIAL, **more,
    )  # fmt: skip


def raster(rectangles: np.ndarray, placed: np.ndarray) -> np.ndarray:
    """(row, column) → the patch that lies there, −1: none; later patches, the crops, lie on top."""
    if not len(placed):
        return np.full((1, 1), -1)
    sides = rectangles[placed, 2:] - rectangles[placed, :2]
    columns, rows = (min(FINEST, max(1, round(1 / side))) for side in sides.min(axis=0))
    cells = np.full((rows, columns), -1)
    for patch in placed:
        left, top, right, bottom = rectangles[patch] * (columns, rows, columns, rows)
        cells[round(top) : round(bottom), round(left) : round(right)] = patch
    return cells


def _veil(
    row: np.ndarray, cells: np.ndarray, depth: int, word: str, lens: Lens, top: float, shown: bool
) -> go.Heatmap:
    name = readable(word)
    texts = [
        [f"patch {p} · {name} {percent(float(row[p]))}" if p >= 0 else "" for p in line]
        for line in cells.tolist()
    ]
    bar = {"title": {"text": "probability", "side": "right"}, "thickness": 10, "outlinewidth": 0}
    hover = f"%{{customdata}} at depth {depth}<extra>{NAMES_OF_LENS[lens]}</extra>"
    return veil(
        cells, row, zmax=top, opacity=VEIL, visible=shown, customdata=texts, hovertemplate=hover,
        colorbar=bar,
    )  # fmt: skip


def _slider(depths: int, first: int) -> dict:
    steps = [
        {
            "method": "restyle",
            "label": str(depth),
            "args": [{"visible": [other == depth for other in range(depths)]}],
        }
        for depth in range(depths)
    ]
    return {"active": first, "steps": steps, "currentvalue": {"prefix": "depth "}, "pad": {"t": 8}}
