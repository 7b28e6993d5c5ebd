"""Where an analysis comes from: a store on this side, or a server (`face/server.py`)."""

from typing import Protocol

import numpy as np
import plotly.graph_objects as go

from fretboard.analysis.arrays import Arrays
from fretboard.analysis.figure_options import FigureOptions
from fretboard.analysis.figures import Figures, Subject
from fretboard.analysis.stages import as_read
from fretboard.core.analysis import Analysis
from fretboard.core.errors import InputError
from fretboard.core.map_settings import MapQuery
from fretboard.core.reading import Reading


class Source(Protocol):
    """What an `AnalysisView` and an export ask of it."""

    server: str
    """The address of the server it lies on; `""`: none."""

    def read(self, document: Analysis, reading: Reading) -> Analysis:
        """The document with its stages as read."""

    def array(self, document: Analysis, name: str, reading: Reading) -> np.ndarray:
        """An array of the catalogue (`core/arrays.py`)."""

    def figure(
        self,
        name: str,
        subject: Subject,
        options: FigureOptions,
        settings: MapQuery,
        beside: "Source | None" = None,
    ) -> go.Figure:
        """A figure of `analysis/figures.py`; beside: where the one beside comes from."""

    def image(self, document: Analysis) -> bytes:
        """The upright picture, PNG."""

    def tokenizer(self, document: Analysis) -> str:
        """`tokenizer.json` of the analysis's model."""


class StoredSource:
    """A store; what its records lack, its arrays derive."""

    server = ""

    def __init__(self, arrays: Arrays) -> None:
        self.arrays = arrays
        self._figures = Figures(arrays)

    def read(self, document: Analysis, reading: Reading) -> Analysis:
        return as_read(self.arrays, document, reading)

    def array(self, document: Analysis, name: str, reading: Reading) -> np.ndarray:
        return self.arrays.named(
            document, name, reading.lens, reading.divergence, reading.sublayers
        )

    def figure(
        self,
        name: str,
        subject: Subject,
        options: FigureOptions,
        settings: MapQuery,
        beside: Source | None = None,
    ) -> go.Figure:
        if beside is not None:
            if not isinstance(beside, StoredSource):
                raise InputError(
                    "One of the two lies on a server and the other here: `.save` the first into a "
                    "folder and `open` that, then compare."
                )
            subject = Subject(subject.analysis, subject.reading, subject.beside, beside.arrays)
        return self._figures.draw(name, subject, options, settings.of("tokens"))

    def image(self, document: Analysis) -> bytes:
        return self.arrays.store.read_image(document.id)

    def tokenizer(self, document: Analysis) -> str:
        return self.arrays.store.read_tokenizer(document.model.revision)
