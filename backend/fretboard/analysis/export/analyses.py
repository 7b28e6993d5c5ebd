"""An analysis to take away."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import plotly.graph_objects as go

from fretboard.analysis.export.archive import Packing
from fretboard.analysis.export.page import Chip, Page, PageChart, Side, picture
from fretboard.analysis.export.record import Exported, NotebookCell
from fretboard.analysis.figure_options import FigureOptions
from fretboard.analysis.figures import Subject
from fretboard.analysis.source import Source
from fretboard.core.analysis import Analysis, Token
from fretboard.core.map_settings import MapQuery
from fretboard.core.reading import Reading
from fretboard.core.validation import query_of
from fretboard.figures import QUANTITIES
from fretboard.figures.theme import ThemeName, percent, readable

FOOT = "Depth: decoder layers applied, 0 = the embeddings. {}, made with Fretboard."
Draw = Callable[..., go.Figure]


@dataclass(frozen=True)
class AnalysisExport(Exported):
    """document: its stages as read. options: the token, words and quantity on show."""

    kind, letter = "analysis", "a"

    source: Source
    document: Analysis
    reading: Reading
    options: FigureOptions = FigureOptions()  # noqa: RUF009  it is frozen

    @property
    def name(self) -> str:
        return f"fretboard-analysis-{self.document.id[:8]}"

    @property
    def link(self) -> str:
        query = query_of(self.reading)
        if "token" in self.options.model_fields_set:
            query["token"] = self.options.token
        return address(f"/a/{self.document.id}", query)

    def pack(self, archive: Packing) -> None:
        archive.add_analysis(self.source, self.document, self.reading)

    def page(self, theme: ThemeName) -> Page:
        side = side_of(self.source, self.document, self.reading, self.options.token)
        charts = charts_of(self.draw, self.document, theme, 0)
        return Page(self.title, [side], charts, FOOT.format(f"Analysis {self.document.id}"))

    def _asked(self, server: str) -> str:
        return f"a = server.open({server + self.link!r})"

    def cells(self) -> Iterator[NotebookCell]:
        token, words = self.options.token, self.options.word
        added = f", words={list(words)!r}" if words else ""
        yield NotebookCell("The picture, the answer and its fretboard.", "a")
        yield NotebookCell("Where the answer is decided, and each token's story.", STORIES)
        yield NotebookCell("Words by depth.", f"a.heatmap({self.options.quantity!r})")
        yield NotebookCell("The words that compete at one token.", f"a.competition({token}{added})")
        yield NotebookCell(
            "How much each layer changes.", f"a.divergence({token})\na.profile('jsd')"
        )
        yield NotebookCell("All hidden states on one map.", "a.map(method='pca')")
        yield NotebookCell("The numbers: (depth, token), and (pair, token) of `jsd`.", NUMBERS)

    def draw(
        self, name: str, options: FigureOptions, settings: MapQuery | None = None
    ) -> go.Figure:
        """A figure without heading. Raises NotFound."""
        subject = Subject(self.document, self.reading)
        return self.source.figure(name, subject, options, settings or MapQuery())


STORIES = "print(a.stages)\nfor token in a.tokens:\n    print(token.index, token.text, token.story)"
NUMBERS = (
    "{name: getattr(a, name).shape for name in "
    '("probability", "rank", "entropy", "jsd", "top_ids", "hidden_states")}'
)


def side_of(
    source: Source, document: Analysis, reading: Reading, selected: int, label: str = ""
) -> Side:
    """Its picture, question and tokens."""
    png = source.image(document) if document.request.image is not None else None
    chips = [Chip(readable(token.text), story(token), _kind(token)) for token in document.tokens]
    title = document.request.prompt
    return Side(title, about(document, reading), chips, picture(png), selected, label)


def charts_of(
    draw: Draw, document: Analysis, theme: ThemeName, side: int, label: str = ""
) -> list[PageChart]:
    """Fretboard, competition and divergence of one side."""
    of = f" · {label}" if label else ""

    def every(name: str) -> Iterator[go.Figure]:
        for token in document.tokens:
            yield draw(name, FigureOptions(theme=theme, token=token.index))

    boards = {
        quantity.title: [draw("fretboard", FigureOptions(theme=theme, quantity=name))]
        for name, quantity in QUANTITIES.items()
    }
    return [
        PageChart(f"Fretboard{of}", boards, "board", side, wide=not label),
        PageChart(f"Competition{of}", {"": every("competition")}, side=side),
        PageChart(f"Divergence of adjacent depths{of}", {"": every("divergence")}, side=side),
    ]


def about(document: Analysis, reading: Reading) -> str:
    """Model, lens and nodes in one line."""
    stages = document.stages
    critical = stages.critical_depth if stages else None
    without = "no stages found" if stages and stages.verdict == "none" else "no critical depth"
    parts = [
        document.model.name,
        f"{reading.lens} lens",
        f"critical depth {critical}" if critical is not None else without,
    ]
    if document.request.skip_layers:
        parts.append(f"without layers {', '.join(map(str, document.request.skip_layers))}")
    if document.request.steering is not None:
        parts.append(document.request.steering.summary)
    return " · ".join(parts)


def story(token: Token) -> str:
    """What its stages say."""
    parts = [f"token {token.index}", f"probability {percent(token.probability)}"]
    if token.story is not None:
        parts.append(token.story)
    if token.flag and token.flag.flagged:
        parts.append(f"flagged, score {token.flag.score:.2f}")
    return " · ".join(parts)


def address(path: str, query: Mapping[str, str | int]) -> str:
    """A permalink below the server's address."""
    return f"{path}?{urlencode(query)}" if query else path


def _kind(token: Token) -> str:
    """The chip's class."""
    if token.flag and token.flag.flagged:
        return "flagged"
    return "mutation" if token.token_class == "mutation" else ""
