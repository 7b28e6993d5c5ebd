"""Two analyses on shared axes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import plotly.graph_objects as go

from fretboard.analysis.arrays import require_token
from fretboard.analysis.export.comparisons import ComparisonExport
from fretboard.analysis.export.write import export
from fretboard.analysis.figure_options import FigureOptions
from fretboard.core.settings import get_settings
from fretboard.engine.opened import open_kind
from fretboard.face import cell
from fretboard.face.analysis_view import AnalysisView
from fretboard.figures.theme import ThemeName


@dataclass(frozen=True, repr=False)
class Comparison:
    """What `fb.compare` gives: figures of two analyses whose colours and axes can be compared.

    >>> c = fb.compare(a, b)
    >>> c.answers == (a.answer, b.answer)
    True
    """

    first: AnalysisView
    second: AnalysisView

    @classmethod
    def open(cls, archive: str | Path) -> "Comparison":
        """An archive that `export` or a server's page wrote. Raises InputError.

        >>> fb.Comparison.open(fb.compare(a, b).export("c.zip")).answers == (a.answer, b.answer)
        True
        """
        session, manifest = open_kind(get_settings(), archive, "comparison")
        return cls(*(AnalysisView.packed(session, packed) for packed in manifest.analyses))

    def __repr__(self) -> str:
        return f"<comparison of {self.first!r} and {self.second!r}>"

    def _repr_html_(self) -> str:
        panels = [cell.of_analysis(view) for view in (self.first, self.second)]
        return cell.render(*panels, cell.Panel("Both", "A and B", figure=self.profile()))

    @property
    def answers(self) -> tuple[str, str]:
        """Both answers.

        >>> len(fb.compare(a, b).answers)
        2
        """
        return self.first.answer, self.second.answer

    def profile(self, quantity: str = "jsd", theme: ThemeName = "light") -> go.Figure:
        """Both means over the tokens at every depth: jsd, probability or entropy. InputError.

        >>> fb.compare(a, b).profile().layout.meta["quantity"]
        'jsd'
        """
        return self._both("profile", FigureOptions(quantity=quantity, theme=theme))[0]

    def heatmap(
        self, quantity: str = "probability", theme: ThemeName = "light"
    ) -> tuple[go.Figure, go.Figure]:
        """Both fretboards, their colours on one scale. Raises InputError.

        >>> first, second = fb.compare(a, b).heatmap("jsd")
        >>> first.data[0].zmax == second.data[0].zmax
        True
        """
        return self._both("fretboard", FigureOptions(quantity=quantity, theme=theme))

    def divergence(
        self, token: int = 0, other: int | None = None, theme: ThemeName = "light"
    ) -> tuple[go.Figure, go.Figure]:
        """Of a token of the first, and of the second (`other`: its own index), on one axis.

        >>> first, second = fb.compare(a, b).divergence(3)
        >>> first.layout.yaxis.range == second.layout.yaxis.range
        True
        """
        tokens = self._tokens(token, other)
        options = [FigureOptions(token=index, theme=theme) for index in tokens]
        return self._both("divergence", *options)

    def competition(
        self,
        token: int = 0,
        other: int | None = None,
        words: Sequence[str] = (),
        theme: ThemeName = "light",
    ) -> go.Figure:
        """What either wrote at a token, in both: solid in the first, dashed in the second.

        Over d / L where the models differ. other: the second's token, its own index. InputError.

        >>> fb.compare(a, b).competition(3, words=["red"]).layout.meta["token"]
        3
        """
        self._tokens(token, other)
        chosen = FigureOptions(token=token, other=other, word=list(words), theme=theme)
        return self.first._figure("both-competitions", chosen, beside=self.second)

    def export(self, path: str | Path, theme: ThemeName = "light") -> Path:
        """Write both as one file: .zip, .html, .ipynb or .bib; see `Analysis.export`.

        >>> fb.compare(a, b).export("c.html").stat().st_size > 1_000_000
        True
        """
        both = ComparisonExport(self.first.exported(), self.second.exported())
        servers = {self.first.source.server, self.second.source.server}
        return export(both, path, servers.pop() if len(servers) == 1 else "", theme)

    def _tokens(self, token: int, other: int | None) -> tuple[int, int]:
        """One of each side. Raises NotFound where a side has no such token."""
        tokens = token, token if other is None else other
        for side, index in zip((self.first, self.second), tokens, strict=True):
            require_token(side.document, index)
        return tokens

    def _both(self, name: str, *options: FigureOptions) -> tuple[go.Figure, go.Figure]:
        first = self.first._figure(name, options[0], beside=self.second)
        return first, self.second._figure(name, options[-1], beside=self.first)
