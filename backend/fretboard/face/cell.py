"""An object in a notebook: plain HTML that stands by itself, and Plotly where scripts run."""

import itertools
import uuid
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import plotly.graph_objects as go
from plotly.colors import sample_colorscale
from plotly.offline import get_plotlyjs

from fretboard.analysis.export.analyses import about
from fretboard.analysis.export.page import in_script, templates, thumbnail
from fretboard.analysis.figure_options import FigureOptions
from fretboard.figures.export import size
from fretboard.figures.theme import SEQUENTIAL, readable

if TYPE_CHECKING:
    from fretboard.face.analysis_view import AnalysisView
THUMBNAIL = 220  # px, the longer side
SHADES = 32  # colours of the plain table
PLAIN_COLUMNS = 120  # tokens of the plain table
_shown = itertools.count()


@dataclass(frozen=True)
class Panel:
    """A heading, what stands under it, a figure, and a plain table for where no script runs."""

    title: str
    note: str = ""
    image: str = ""
    """As a `data:` address."""
    words: list[tuple[str, str]] = field(default_factory=list)
    """(text, colour of its ground) of tokens."""
    rows: list[tuple[str, list[str]]] = field(default_factory=list)
    """(depth, colour of each token), the deepest first."""
    figure: go.Figure | None = None


def render(*panels: Panel) -> str:
    """The HTML of an output; the first one of a process brings Plotly along."""
    first = any(panel.figure for panel in panels) and next(_shown) == 0
    drawn = [
        (
            f"fretboard-{uuid.uuid4().hex}",
            panel,
            in_script(str(panel.figure.to_json())),
            size(panel.figure)[0],
        )
        if panel.figure
        else ("", panel, "", 0)
        for panel in panels
    ]
    library = get_plotlyjs() if first else ""
    return (
        templates("fretboard.face")
        .get_template("cell.html.j2")
        .render(panels=drawn, library=library)
    )


def of_analysis(analysis: "AnalysisView") -> Panel:
    """Image, answer and fretboard."""
    request = analysis.document.request
    image = analysis.image
    values = analysis.probability
    return Panel(
        title=request.prompt,
        note=about(analysis.document, analysis.reading),
        image=thumbnail(image, THUMBNAIL) if image is not None else "",
        words=[(readable(t.text), shade(t.probability)) for t in analysis.tokens],
        rows=[
            (str(depth), [shade(value) for value in values[depth, :PLAIN_COLUMNS].tolist()])
            for depth in reversed(range(len(values)))
        ],
        figure=analysis.exported().draw("fretboard", FigureOptions()),
    )


def shade(value: float) -> str:
    """Of a probability."""
    place = min(max(abs(value), 0.0), 1.0)
    return _shades()[round(place * (SHADES - 1))]


@cache
def _shades() -> list[str]:
    return list(sample_colorscale(SEQUENTIAL, SHADES))
