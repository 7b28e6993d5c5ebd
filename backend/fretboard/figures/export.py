"""A figure as a file: page, data, or a still picture that explains itself without the page."""

import logging
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from fretboard.core.errors import InputError, Unavailable
from fretboard.figures.table import table
from fretboard.figures.theme import THEMES, ThemeName

STILLS = (".svg", ".png")
FORMATS = (".html", ".json", ".csv", *STILLS)
PNG_SCALE = 2  # picture elements a unit of the layout: sharp in print and on dense screens
HEADING = 64  # px above the chart for title and subtitle
CHART = (820, 460)  # px
MAP = (860, 700)  # px
CELL = (46, 30)  # px of a heatmap's cell; holds seven letters of the cell's word
HEATMAP_FRAME = (190, 130)  # px around the cells
WIDTHS = (640, 2400)  # px, narrowest and widest heatmap
LINE = 126  # letters of a subtitle's line


def write_figure(
    figure: go.Figure, path: Path, theme: ThemeName = "light", title: str = "", note: str = ""
) -> None:
    """Write .html (self-contained), .json (as the API gives it), .csv, .svg or .png, by the suffix.

    Raises InputError for another suffix, Unavailable without a browser to draw still pictures.
    """
    suffix = check_format(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if suffix == ".json":
        path.write_text(str(figure.to_json()))
        return
    if suffix == ".csv":
        table(figure).to_csv(path, index=False)
        return
    dressed = dress(figure, theme, title, note)
    if suffix == ".html":
        dressed.write_html(path, include_plotlyjs=True)
    else:
        _draw_still(dressed, path)


def check_format(path: Path) -> str:
    """The suffix. Raises InputError where nothing can be written under it."""
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise InputError(f"{path.name}: write a figure as {', '.join(FORMATS)}.")
    return suffix


def dress(figure: go.Figure, theme: ThemeName, title: str, note: str) -> go.Figure:
    """A copy with a size, an opaque ground and a heading: what the page has around a figure."""
    colors = THEMES[theme]
    width, height = size(figure)
    made = dict(figure.layout.meta or {}).get("note", "")  # how a map was made, how good it is
    letters = LINE * width // CHART[0]
    lines = [*textwrap.wrap(note, letters), *textwrap.wrap(made, letters)]
    top = HEADING + 16 * max(0, len(lines) - 1)
    margin = figure.layout.margin
    dressed = go.Figure(figure)
    dressed.update_layout(
        width=width,
        height=height + top,
        paper_bgcolor=colors.paper,
        plot_bgcolor=colors.paper,
        margin={"t": (margin.t or 0) + top, "l": (margin.l or 0) + 16, "r": (margin.r or 0) + 8},
        legend={"yref": "container", "y": 1 - top / (height + top), "yanchor": "top"},
        title={
            "text": title,
            "font": {"size": 17},
            "x": 0.012,
            "y": 1 - 22 / (height + top),
            "yanchor": "top",
            "subtitle": {
                "text": "<br>".join(lines), "font": {"size": 12, "color": colors.faint}
            },
        },
    )  # fmt: skip
    return dressed


def size(figure: go.Figure) -> tuple[int, int]:
    """Width and height in px without the heading, by what the figure's `meta` says it is."""
    meta: dict[str, Any] = dict(figure.layout.meta or {})
    if "size" in meta:
        width, height = meta["size"]
        return width, height
    if meta.get("axis") == "map":
        return MAP
    if "columns" not in meta:
        return CHART
    wide = HEATMAP_FRAME[0] + CELL[0] * int(meta["columns"])
    return min(max(wide, WIDTHS[0]), WIDTHS[1]), HEATMAP_FRAME[1] + CELL[1] * int(meta["rows"])


@contextmanager
def browser() -> Iterator[None]:
    """Inside, all still pictures are drawn by one browser instead of one each."""
    import kaleido

    with _explaining():
        kaleido.start_sync_server(silence_warnings=True)
    try:
        yield
    finally:
        kaleido.stop_sync_server(silence_warnings=True)


def _draw_still(figure: go.Figure, path: Path) -> None:
    import kaleido

    suffix = path.suffix.lower()[1:]
    with _explaining():
        kaleido.write_fig_sync(
            figure,
            path,
            {"format": suffix, "scale": PNG_SCALE if suffix == "png" else 1},
        )


@contextmanager
def _explaining() -> Iterator[None]:
    """Inside: a browser that is missing or does not start is told in one line."""
    from choreographer.errors import BrowserClosedError, BrowserFailedError, ChromeNotFoundError

    for chatty in ("choreographer", "kaleido"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    try:
        yield
    except (BrowserClosedError, BrowserFailedError, ChromeNotFoundError) as error:
        raise Unavailable(
            "SVG and PNG are drawn by Chrome or Chromium, and none that works was found "
            f"({type(error).__name__}). Install one, or set BROWSER_PATH to it, or write .html."
        ) from error
