"""Several images, one question: their answers, one token position on a map, its dispersion."""

from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go

from fretboard.analysis.export.image_sets import SetExport
from fretboard.analysis.export.write import export
from fretboard.analysis.figure_options import SetFigureOptions
from fretboard.analysis.image_sets import aligned_members, states_at, view
from fretboard.analysis.source import StoredSource
from fretboard.core.image_set import ImageSet, MemberView
from fretboard.core.map_settings import MapQuery
from fretboard.core.settings import get_settings
from fretboard.core.validation import from_names
from fretboard.engine.opened import open_kind
from fretboard.engine.session import Session
from fretboard.face import cell
from fretboard.figures.export import dress
from fretboard.figures.theme import ThemeName
from fretboard.figures.trajectory import ColorBy


class ImageSetView:
    """What `Model.image_set` gives; the token position is the set's own.

    >>> s
    <image set of 3 images: 'What is the color of the dog?' at class:colour>
    """

    def __init__(self, session: Session, document: ImageSet, token: str = "") -> None:
        """token: the position that is compared; by default the set's own."""
        self.session, self.document = session, document
        self.token = token or document.request.token

    @classmethod
    def open(cls, archive: str | Path) -> "ImageSetView":
        """An archive that `export` or a server's page wrote. Raises InputError.

        >>> len(fb.ImageSet.open(s.export("s.zip")).members)
        3
        """
        session, manifest = open_kind(get_settings(), archive, "image set")
        return cls(session, session.sets.read(manifest.record), manifest.token)

    def __repr__(self) -> str:
        request = self.document.request
        count = len(self.document.members)
        return f"<image set of {count} images: {request.prompt!r} at {self.token}>"

    def _repr_html_(self) -> str:
        note = " · ".join(
            f"{member.name}: {member.answer or member.note}" for member in self.members
        )
        return cell.render(cell.Panel(self.document.request.prompt, note))

    @property
    def members(self) -> list[MemberView]:
        """Each image with its answer, its token (index, word), or why it has none.

        >>> [member.word is not None for member in s.members]
        [True, True, True]
        """
        return view(self.session.store, self.document, self.token).members

    @property
    def hidden_states(self) -> np.ndarray:
        """(L+1, images, width) of the token in each image that has it. Raises InputError below two.

        >>> s.hidden_states.shape == (a.document.model.layers + 1, 3, a.document.model.width)
        True
        """
        members = aligned_members(self.session.store, self.document, self.token)
        return states_at(self.session.store, members)

    def guitar(
        self, color_by: ColorBy = "depth", theme: ThemeName = "light", **settings: Any
    ) -> go.Figure:
        """All images' depths on one map: a neck where they lie together, a body where they part.

        settings: as of `AnalysisView.map`. Raises InputError where fewer than two images align.

        >>> s.guitar(method="pca").layout.meta["axis"]
        'map'
        """
        return self._figure(
            "trajectory", SetFigureOptions(color_by=color_by, theme=theme), settings
        )

    def dispersion(self, theme: ThemeName = "light", **settings: Any) -> go.Figure:
        """Between-image dispersion per depth, in the original space, with where the body begins.

        >>> s.dispersion().layout.meta["axis"]
        'depth'
        """
        return self._figure("dispersion", SetFigureOptions(theme=theme), settings)

    def perplexities(self, theme: ThemeName = "light", **settings: Any) -> go.Figure:
        """The same map at several perplexities: what stays is in the data.

        >>> s.perplexities(iterations=250).layout.meta["maps"]
        5
        """
        return self._figure("perplexities", SetFigureOptions(theme=theme), settings)

    def export(self, path: str | Path, theme: ThemeName = "light") -> Path:
        """Write it as one file: .zip, .html, .ipynb or .bib; see `Analysis.export`.

        >>> s.export("s.bib").read_text().count("@")
        2
        """
        source = StoredSource(self.session.arrays)
        return export(SetExport(source, self.document, self.token), path, theme=theme)

    def _figure(self, name: str, options: SetFigureOptions, settings: dict[str, Any]) -> go.Figure:
        chosen = from_names(MapQuery, "map setting", settings).of("images")
        request = self.document.request
        drawn = self.session.figures.draw_set(name, self.document, self.token, options, chosen)
        note = f"{request.model} · “{request.prompt}” · token position {self.token}"
        return dress(drawn, options.theme, f"{name} of {len(self.document.members)} images", note)
