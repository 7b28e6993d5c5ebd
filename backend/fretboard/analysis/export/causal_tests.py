"""A causal test to take away."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from fretboard.analysis.causal_tests import TITLES, draw, find, heading
from fretboard.analysis.export.analyses import address
from fretboard.analysis.export.archive import Packing
from fretboard.analysis.export.page import Chip, Page, PageChart, Side, picture
from fretboard.analysis.export.record import Exported, NotebookCell
from fretboard.core.causal_test import CausalTest
from fretboard.core.errors import NotFound
from fretboard.figures.theme import ThemeName, readable
from fretboard.store.analyses import AnalysisStore
from fretboard.store.causal_tests import CausalTestRecords


@dataclass(frozen=True)
class TestExport(Exported):
    """image: of the analysis, where it is at hand; other: the one patched against. PNG."""

    kind, letter = "causal test", "t"

    document: CausalTest
    arrays: Mapping[str, np.ndarray]
    token: int | None = None
    image: bytes | None = None
    other: bytes | None = None

    @classmethod
    def stored(
        cls,
        store: AnalysisStore,
        tests: CausalTestRecords,
        document: CausalTest,
        token: int | None = None,
    ) -> "TestExport":
        """With its results and pictures from the stores. Raises Lost."""
        pictures: list[bytes | None] = [None, None]
        with suppress(NotFound):  # text alone, or the analysis was deleted
            pictures[0] = store.read_image(document.analysis)
        with suppress(NotFound):  # a grey one, or none
            pictures[1] = tests.read_other(document.id)
        return cls(document, tests.read_results(document.id), token, *pictures)

    @property
    def name(self) -> str:
        return f"fretboard-{self.document.kind}-{self.document.id[-8:]}"

    @property
    def title(self) -> str:
        return f"{TITLES[self.document.kind].capitalize()}: {self.document.request.prompt}"

    @property
    def link(self) -> str:
        return address(f"/a/{self.document.analysis}", {"test": self.document.id})

    @property
    def record(self) -> tuple[str, str]:
        return self.document.id, ""

    def pack(self, archive: Packing) -> None:
        place = f"experiments/{self.document.id}"
        archive.add(f"{place}/experiment.json", self.document.to_json())
        archive.add_arrays(f"{place}/arrays.npz", self.arrays)
        if self.image is not None:
            archive.add(f"analyses/{self.document.analysis}/image.png", self.image)
        if self.other is not None:
            archive.add(f"{place}/other.png", self.other)

    def page(self, theme: ThemeName) -> Page:
        tokens: list[int | None] = [None, *range(len(self.document.tokens))]
        texts = ["mean of all", *(readable(token.text) for token in self.document.tokens)]
        chips = [
            Chip(text, find(self.document, self.arrays, token).sentence)
            for text, token in zip(texts, tokens, strict=True)
        ]
        figures = [draw(self.document, self.arrays, token, theme) for token in tokens]
        title, about = heading(self.document)
        selected = 0 if self.token is None else self.token + 1
        side = Side(self.document.request.prompt, about, chips, picture(self.image), selected)
        foot = f"Causal test {self.document.id}, made with Fretboard."
        return Page(self.title, [side], [PageChart(title, {"": figures}, wide=True)], foot)

    def _asked(self, server: str) -> str:
        return f"t = server.test({self.document.id!r})"

    def cells(self) -> Iterator[NotebookCell]:
        chosen = "" if self.token is None else f"token={self.token}"
        yield NotebookCell("What came of it.", f"t.find({chosen})")
        yield NotebookCell("", f"t.figure({chosen})")
        shapes = "{name: values.shape for name, values in t.arrays.items()}"
        yield NotebookCell("The numbers.", shapes)
