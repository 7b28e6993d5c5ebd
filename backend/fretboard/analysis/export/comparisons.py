"""Two analyses beside each other, to take away."""

from collections.abc import Iterator
from dataclasses import dataclass

import plotly.graph_objects as go

from fretboard.analysis.arrays import read_done
from fretboard.analysis.export.analyses import (
    FOOT,
    AnalysisExport,
    address,
    charts_of,
    side_of,
)
from fretboard.analysis.export.archive import Packing
from fretboard.analysis.export.page import Page, PageChart
from fretboard.analysis.export.record import Exported, NotebookCell
from fretboard.analysis.figure_options import FigureOptions
from fretboard.analysis.figures import Subject
from fretboard.analysis.source import StoredSource
from fretboard.core.map_settings import MapQuery
from fretboard.core.reading import Lens, Reading
from fretboard.core.validation import query_of
from fretboard.figures import QUANTITIES
from fretboard.figures.profile import PROFILES
from fretboard.figures.theme import ThemeName


@dataclass(frozen=True)
class ComparisonExport(Exported):
    """Two analyses on shared axes."""

    kind, letter = "comparison", "c"

    first: AnalysisExport
    second: AnalysisExport

    @property
    def name(self) -> str:
        ids = (side.document.id[:8] for side in (self.first, self.second))
        return f"fretboard-comparison-{'-'.join(ids)}"

    @property
    def title(self) -> str:
        return self.first.title

    @property
    def link(self) -> str:
        own, other = self.first, self.second
        query = query_of(own.reading) | {"lens2": other.reading.lens.value}
        return address(f"/compare/{own.document.id}/{other.document.id}", query)

    def draw(
        self, name: str, options: FigureOptions, settings: MapQuery | None = None
    ) -> go.Figure:
        """A figure of the first on axes that it shares with the second. Raises NotFound."""
        own, other = self.first, self.second
        subject = Subject(own.document, own.reading, (other.document, other.reading))
        return own.source.figure(name, subject, options, settings or MapQuery(), other.source)

    def pack(self, archive: Packing) -> None:
        self.first.pack(archive)
        self.second.pack(archive)

    def page(self, theme: ThemeName) -> Page:
        turned = ComparisonExport(self.second, self.first)
        sides, charts = [], []
        for index, (shown, label) in enumerate(((self, "A"), (turned, "B"))):
            own = shown.first
            sides.append(side_of(own.source, own.document, own.reading, own.options.token, label))
            charts.append(charts_of(shown.draw, own.document, theme, index, label))
        both = [chart for pair in zip(*charts, strict=True) for chart in pair]
        both.append(self._profiles(theme))
        texts = [[token.text for token in each.first.document.tokens] for each in (self, turned)]
        foot = FOOT.format(f"Analyses {self.first.document.id} and {self.second.document.id}")
        return Page(self.title, sides, both, foot, pairs=texts[0] == texts[1])

    def _profiles(self, theme: ThemeName) -> PageChart:
        drawn = {
            QUANTITIES[name].title: [
                self.draw("profile", FigureOptions(theme=theme, quantity=name))
            ]
            for name in PROFILES
        }
        return PageChart("Means over the tokens", drawn, wide=True)

    def _asked(self, server: str) -> str:
        first, second = (server + side.link for side in (self.first, self.second))
        return f"a = server.open({first!r})\nb = server.open({second!r})\nc = fb.compare(a, b)"

    def cells(self) -> Iterator[NotebookCell]:
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


def stored(
    source: StoredSource,
    analysis_id: str,
    reading: Reading,
    options: FigureOptions,
    beside: str | None = None,
    beside_lens: Lens | None = None,
) -> AnalysisExport | ComparisonExport:
    """An analysis of the store as read, or of it and the one beside it.

    beside_lens: None is the first one's own. Raises NotFound, NotFinished.
    """

    def side(side_id: str, reading: Reading) -> AnalysisExport:
        analysis = read_done(source.arrays.store, side_id)
        own = reading.under(analysis.request.lens)
        return AnalysisExport(source, source.read(analysis, own), own, options)

    first = side(analysis_id, reading)
    if not beside:
        return first
    lens = beside_lens or first.reading.lens
    return ComparisonExport(first, side(beside, reading.but(lens=lens)))
