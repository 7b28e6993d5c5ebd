"""What can be taken away, and what every kind of it offers to the four formats."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar, NamedTuple

from fretboard.analysis.export.archive import OPENERS, Kind, Packing
from fretboard.analysis.export.page import Page
from fretboard.figures.theme import ThemeName


class NotebookCell(NamedTuple):
    """Of a notebook: words, then code."""

    words: str
    code: str


class Exported(ABC):
    """An analysis, a comparison, an image set or a causal test."""

    kind: ClassVar[Kind]
    letter: ClassVar[str]
    """What it is called in Python."""
    document: Any

    @property
    @abstractmethod
    def name(self) -> str:
        """Of its files, without suffix."""

    @property
    def title(self) -> str:
        """What was asked."""
        return str(self.document.request.prompt)

    @property
    @abstractmethod
    def link(self) -> str:
        """Its permalink, below a server's address."""

    @property
    def record(self) -> tuple[str, str]:
        """Id of an image set or a causal test, and the set's token position: for the manifest."""
        return "", ""

    @abstractmethod
    def pack(self, archive: Packing) -> None:
        """Put all of it into an archive."""

    @abstractmethod
    def page(self, theme: ThemeName) -> Page:
        """What stands on its page."""

    def opened(self, server: str) -> str:
        """Python that opens it: from a server, or (`""`) from the archive beside."""
        if not server:
            return f"{self.letter} = {OPENERS[self.kind]}({self.name + '.zip'!r})"
        return f"server = fb.connect({server!r})\n{self._asked(server)}"

    @abstractmethod
    def _asked(self, server: str) -> str:
        """Python that asks the server for it."""

    @abstractmethod
    def cells(self) -> Iterable[NotebookCell]:
        """Its figures and numbers in a notebook, once it is opened."""
