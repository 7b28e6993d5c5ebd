"""An image set to take away."""

from collections.abc import Iterator
from dataclasses import dataclass

import plotly.graph_objects as go

from fretboard.analysis.export.analyses import address
from fretboard.analysis.export.archive import Packing
from fretboard.analysis.export.page import Chip, Page, PageChart, Side, picture
from fretboard.analysis.export.record import Exported, NotebookCell
from fretboard.analysis.figure_options import SetFigureOptions
from fretboard.analysis.figures import Figures
from fretboard.analysis.image_sets import view
from fretboard.analysis.source import StoredSource
from fretboard.core.analysis import Status
from fretboard.core.image_set import ImageSet, MemberView
from fretboard.core.map_settings import MapQuery
from fretboard.core.reading import Reading
from fretboard.figures.theme import ThemeName, readable


@dataclass(frozen=True)
class SetExport(Exported):
    """role: the token position on show; settings: of its map."""

    kind, letter = "image set", "s"

    source: StoredSource
    document: ImageSet
    role: str
    settings: MapQuery = MapQuery()  # noqa: RUF009  it is frozen

    @property
    def name(self) -> str:
        return f"fretboard-images-{self.document.id[:8]}"

    @property
    def link(self) -> str:
        own = self.role == self.document.request.token
        return address(f"/t/{self.document.id}", {} if own else {"token": self.role})

    @property
    def record(self) -> tuple[str, str]:
        return self.document.id, self.role

    def pack(self, archive: Packing) -> None:
        archive.add(f"sets/{self.document.id}/set.json", self.document.to_json())
        for member in self._done():
            analysis = self.source.arrays.store.read(str(member.analysis_id))
            archive.add_analysis(self.source, analysis, Reading(lens=analysis.request.lens))

    def page(self, theme: ThemeName) -> Page:
        members = [member for member in self._done() if member.token is not None]
        chips = [Chip(self._face(member), f"{member.name}: {member.answer}") for member in members]
        about = f"{self.document.request.model} · {len(members)} images · token {self.role}"
        options = SetFigureOptions(theme=theme)
        paths, apart = (self.draw(name, options) for name in ("trajectory", "dispersion"))
        charts = [
            PageChart("Trajectories of the images", {"": [paths]}, "map"),
            PageChart("Dispersion between the images", {"": [apart]}),
        ]
        foot = f"Image set {self.document.id}, made with Fretboard."
        return Page(self.title, [Side(self.title, about, chips)], charts, foot)

    def _asked(self, server: str) -> str:
        return f"s = server.image_set({server + self.link!r})"

    def cells(self) -> Iterator[NotebookCell]:
        yield NotebookCell("The images, their answers, and the token that is compared.", MEMBERS)
        yield NotebookCell("One path an image, by principal components.", "s.guitar(method='pca')")
        yield NotebookCell("How far apart the images are at every depth.", "s.dispersion()")
        yield NotebookCell("The numbers: (depth, image, width).", "s.hidden_states.shape")

    def _done(self) -> list[MemberView]:
        seen = view(self.source.arrays.store, self.document, self.role)
        return [member for member in seen.members if member.status is Status.DONE]

    def _face(self, member: MemberView) -> str:
        """HTML: the picture and the word."""
        analysis = self.source.arrays.store.read(str(member.analysis_id))
        shown = self.source.image(analysis) if analysis.request.image is not None else None
        image = f'<img src="{picture(shown)}" alt="">' if shown else ""
        return f"{image}{readable(member.word or '')}"

    def draw(self, name: str, options: SetFigureOptions) -> go.Figure:
        """A figure without heading. Raises NotFound."""
        settings, figures = self.settings.of("images"), Figures(self.source.arrays)
        return figures.draw_set(name, self.document, self.role, options, settings)


MEMBERS = "for member in s.members:\n    print(member.name, member.word, member.answer, sep=' · ')"
