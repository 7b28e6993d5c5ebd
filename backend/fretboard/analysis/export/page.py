"""A record as one file that opens offline: things to select, charts that follow, hover."""

import base64
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, repeat
from typing import Any, Literal

import plotly.graph_objects as go
from jinja2 import Environment, PackageLoader
from PIL import Image
from plotly.offline import get_plotlyjs

from fretboard.core.images import stored_image
from fretboard.figures.export import size
from fretboard.figures.theme import MONO, SANS, THEMES, ThemeName

PICTURE = 560  # px, the longer side: sharp at the 280 px that it is shown at


@dataclass(frozen=True)
class Chip:
    """Something to select; `text` is HTML, `note` is said of it, `kind` its class."""

    text: str
    note: str
    kind: str = ""


@dataclass(frozen=True)
class Side:
    """What was asked and answered, and what of it can be selected."""

    title: str
    about: str
    chips: Sequence[Chip]
    image: str = ""
    """As a `data:` address."""
    selected: int = 0
    label: str = ""
    """Of a comparison: A or B."""


@dataclass(frozen=True)
class PageChart:
    """Figures by a choice (one: no choice); several of a choice are one a chip of its side.

    board: a press chooses a column; map: the chosen chip's path stands out.
    """

    title: str
    figures: Mapping[str, Iterable[go.Figure]]
    kind: Literal["board", "lines", "map"] = "lines"
    side: int = 0
    wide: bool = False


@dataclass(frozen=True)
class Page:
    """A page; `note` stands at its foot."""

    title: str
    sides: Sequence[Side]
    charts: Sequence[PageChart]
    note: str
    pairs: bool = False
    """Both sides have the same tokens: one selection."""


def render(page: Page, theme: ThemeName = "light") -> str:
    """The whole file: 5 MB of Plotly, and some 10 kB a token of an answer."""
    return templates("fretboard.analysis.export").get_template("page.html.j2").render(
        page=page,
        charts=[_drawn(chart) for chart in page.charts],
        widths=[_width(chart) for chart in page.charts],
        colors=THEMES[theme],
        theme=theme,
        sans=SANS,
        mono=MONO,
        plotly=get_plotlyjs(),
    )  # fmt: skip


def thumbnail(image: Image.Image, longest: int = PICTURE) -> str:
    """As a `data:` address."""
    small, buffer = image.copy(), io.BytesIO()
    small.thumbnail((longest, longest))
    small.save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def picture(png: bytes | None) -> str:
    """A stored picture as a `data:` address; none: `""`."""
    return thumbnail(stored_image(png)) if png is not None else ""


def in_script(text: str) -> str:
    """JSON, safe inside a `<script>`."""
    return text.replace("<", "\\u003c")


@cache
def templates(package: str) -> Environment:
    """Of a package."""
    return Environment(loader=PackageLoader(package), autoescape=True)


def _drawn(chart: PageChart) -> str:
    """The chart as a JavaScript object: the first figure whole, of the others what differs.

    A figure at a time: the hundreds of a long answer fill the memory.
    """
    first: dict[str, Any] = {"data": [], "layout": {}}

    def own(figure: go.Figure) -> str:
        nonlocal first
        drawn = json.loads(figure.to_json())
        alike = zip(drawn["data"], chain(first["data"], repeat({})))  # noqa: B905  the first ends it
        short = {
            "data": [_apart(trace, of_first) for trace, of_first in alike],
            "layout": _apart(drawn["layout"], first["layout"]),
        }
        first = first if first["layout"] else drawn
        return in_script(json.dumps(short, separators=(",", ":"), ensure_ascii=False))

    figures = ",".join(
        f"{json.dumps(choice)}:[{','.join(map(own, drawn))}]"
        for choice, drawn in chart.figures.items()
    )
    facts = json.dumps({"kind": chart.kind, "side": chart.side})
    return f"{{...{facts},figures:{{{figures}}}}}"


def _apart(part: dict[str, Any], first: dict[str, Any]) -> dict[str, Any]:
    """What is laid over the first one's to give the part again; null: it has none."""
    whole = dict.fromkeys(first) | part
    return {key: own for key, own in whole.items() if key not in first or first[key] != own}


def _width(chart: PageChart) -> int:
    """px; narrower windows scroll."""
    if chart.kind != "board":
        return 0
    return size(next(iter(next(iter(chart.figures.values())))))[0]
