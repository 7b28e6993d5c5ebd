"""A causal test of an answer: what came of it, its figure, its arrays."""

from functools import cached_property
from pathlib import Path

import numpy as np
import plotly.graph_objects as go

from fretboard.analysis.causal_tests import draw, find, heading
from fretboard.analysis.export.causal_tests import TestExport
from fretboard.analysis.export.write import export
from fretboard.core.causal_test import ARRAYS, CausalTest
from fretboard.core.settings import get_settings
from fretboard.engine.opened import open_kind
from fretboard.engine.session import Session
from fretboard.face import cell
from fretboard.figures.export import dress
from fretboard.figures.findings import Finding
from fretboard.figures.theme import ThemeName


class CausalTestView:
    """What `Model.test` gives; see docs/experiments.md for what each kind measures.

    >>> t
    <causal test patching of 'The dog is ...'>
    """

    def __init__(self, session: Session, document: CausalTest) -> None:
        self.session, self.document = session, document

    @classmethod
    def open(cls, archive: str | Path) -> "CausalTestView":
        """An archive that `export` or a server's page wrote. Raises InputError.

        >>> fb.CausalTest.open(t.export("t.zip")).finding == t.finding
        True
        """
        session, manifest = open_kind(get_settings(), archive, "causal test")
        return cls(session, session.tests.read(manifest.record))

    def __repr__(self) -> str:
        return f"<causal test {self.document.kind} of {self.document.answer!r}>"

    def _repr_html_(self) -> str:
        title, note = heading(self.document)
        drawn = draw(self.document, self.arrays, None)
        return cell.render(cell.Panel(f"{title}. {self.finding.sentence}", note, figure=drawn))

    @cached_property
    def arrays(self) -> dict[str, np.ndarray]:
        """By name, such as patching's `recovered` (depth, span, token), a share.

        >>> t.arrays["recovered"].shape == (a.document.model.layers + 1, 4, len(a.tokens))
        True
        """
        return self.session.tests.read_arrays(self.document.id, ARRAYS)

    @property
    def finding(self) -> Finding:
        """What came of it, over all tokens, in one sentence and its numbers.

        >>> t.finding.sentence
        '...'
        """
        return self.find()

    def find(self, token: int | None = None) -> Finding:
        """The same for one token. Raises InputError where the answer has no such token.

        >>> sorted(t.find(3).numbers)
        ['at_start', 'decided_from', 'half_from', 'settled_from']
        """
        return find(self.document, self.arrays, token)

    def figure(self, token: int | None = None, theme: ThemeName = "light") -> go.Figure:
        """Of one token, or of the mean of all. Raises InputError.

        >>> t.figure(token=3).layout.meta["token"]
        3
        """
        drawn = draw(self.document, self.arrays, token, theme)
        return dress(drawn, theme, *heading(self.document))

    def export(self, path: str | Path, theme: ThemeName = "light") -> Path:
        """Write it as one file: .zip, .html, .ipynb or .bib; see `Analysis.export`.

        >>> t.export("t.ipynb").suffix
        '.ipynb'
        """
        stored = TestExport.stored(self.session.store, self.session.tests, self.document)
        return export(stored, path, theme=theme)
