"""What can be taken away, and what every kind of it offers to the four formats."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from fretboard.analysis.export.archive import Packing
from fretboard.analysis.export.page import Page
from fretboard.figures.theme import ThemeName


@dataclass(frozen=True)
class NotebookCell:
    """Of a notebook: words, then code."""

    words: str
    code: str


class Exported(Protocol):
    """An analysis, a comparison, an image set or a causal test."""

    @property
    def name(self) -> str:
        """Of its files, without suffix."""

    @property
    def title(self) -> str:
        """What was asked."""

    @property
    def link(self) -> str:
        """Its permalink, below a server's address."""

    def pack(self, archive: Packing) -> None:
        """Put all of it into an archive."""

    def page(self, theme: ThemeName) -> Page:
        """What stands on its page."""

    def opened(self, server: str) -> str:
        """Python that opens it: from a server, or (`""`) from the archive beside."""

    def cells(self) -> Iterable[NotebookCell]:
        """Its figures and numbers in a notebook, once it is opened."""
