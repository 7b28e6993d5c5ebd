"""Two analyses beside each other, to take away."""

from collections.abc import Iterator
from dataclasses import dataclass

import plotly.graph_objects as go

from fretboard.analysis.export.analyses import (
    FOOT,
    AnalysisExport,
    Draw,
    address,
    charts_of,
    side_of,
)
from fretboard.analysis.export.archive import Packing
from fretboard.analysis.export.page import Page, PageChart
from fretboard.analysis.export.record import NotebookCell
from fretboard.analysis.figure_options import FigureOptions
from fretboard.analysis.figures import Subject
from fretboard.core.map_settings import MapQuery
from fretboard.core.validation import query_of
from fretboard.figures import QUANTITIES
from fretboard.figures.profile import PROFILES
from fretboard.figures.theme import ThemeName


@dataclass(frozen=True)
class ComparisonExport:
    """Two analyses on shared axes."""

    first: AnalysisExport
    second: AnalysisExport

    @property
    def name(self) -> str:
        """See `Exported`."""
        ids = (side.document.id[:8] for side in (self.first, self.second))
        return f"fretboard-comparison-{'-'.join(ids)}"

    @property
    def title(self) -> str:
        """See `Exported`."""
        return self.first.title

    @property
    def link(self) -> str:
        """See `Exported`."""
        own, other = self.first, self.second
        query = query_of(own.reading) | {"lens2": other.reading.lens.value}
        return address(f"/compare/{own.document.id}/{other.document.id}", query)

    def pack(self, archive: Packing) -> None:
        """See `Exported`."""
        self.first.pack(archive)
        self.second.pack(archive)

    def page(self, theme: ThemeName) -> Page:
        """See `Exported`."""
        pairs = ((self.first, self.second, "A"), (self.second, self.first, "B"))
        sides, charts = [], []
        for index, (own, other, label) in enumerate(pairs):
            token = own.options.token
            sides.append(side_of(own.source, own.document, own.reading, token, label))
            charts.append(charts_of(_beside(own, other), own.document, theme, index, label))
        both = [chart for pair in zip(*charts, strict=True) for chart in pair]
        both.append(_profiles(_beside(self.first, self.second), theme))
        texts = [[token.text for token in own.document.tokens] for own, _, _ in pairs]
        foot = FOOT.format(f"Analyses {self.first.document.id} and {self.second.document.id}")
        return Page(self.title, sides, both, foot, pairs=texts[0] == texts[1])

    def opened(self, server: str) -> str:
        """See `Exported`."""
        if not server:
            return f"c = fb.Comparison.open({self.name + '.zip'!r})"
        links = [server + side.link for side in (self.first, self.second)]
        return (
            f"server = fb.connect({server!r})\na = server.open({links[0]!r})\n"
            f"b = server.open({links[1]!r})\nc = fb.compare(a, b)"
        )

    def cells(self) -> Iterator[NotebookCell]:
        """See `Exported`."""
        quantity, token = self.first.options.quantity, self.first.options.token
        yield NotebookCell("Both answers.", "c.answers")
        yield NotebookCell(
            "Both fretboards, their colours on one scale.", f"c.heatmap({quantity!r})[0]"
        )
        yield NotebookCell("", f"c.heatmap({quantity!r})[1]")
        yield NotebookCell(
            "How much each layer changes, on one axis.", f"c.divergence({token}, 0)[0]"
        )
        yield NotebookCell("The same words in both.", f"c.competition({token}, 0)")
        yield NotebookCell("The means over the tokens.", "c.profile('jsd')")
        yield NotebookCell("The numbers.", "c.first.probability.shape, c.second.probability.shape")


def _beside(own: AnalysisExport, other: AnalysisExport) -> Draw:
    subject = Subject(own.document, own.reading, (other.document, other.reading))

    def draw(name: str, options: FigureOptions) -> go.Figure:
        return own.source.figure(name, subject, options, MapQuery(), other.source)

    return draw


def _profiles(draw: Draw, theme: ThemeName) -> PageChart:
    drawn = {
        QUANTITIES[name].title: [draw("profile", FigureOptions(theme=theme, quantity=name))]
        for name in PROFILES
    }
    return PageChart("Means over the tokens", drawn, wide=True)
