"""Where an analysis comes from: a session in this process, or a server (`server.py`)."""

from typing import Protocol

import numpy as np
import plotly.graph_objects as go

from fretboard.analysis.figures import FigureOptions, Subject
from fretboard.core.analysis import Analysis
from fretboard.core.errors import InputError
from fretboard.core.map_settings import MapQuery
from fretboard.core.reading import Lens, Reading
from fretboard.engine.session import Session


class Source(Protocol):
    """What an `AnalysisView` asks of it."""

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

    def patches(
        self, document: Analysis, word: str, lens: Lens
    ) -> tuple[np.ndarray, np.ndarray, str]:
        """(patch, 4) places, (depth, patch) probabilities of the word, the word's token text."""

    def tokenizer(self, document: Analysis) -> str:
        """`tokenizer.json` of the analysis's model."""


class LocalSource:
    """A session's store; the model is loaded where an array has to be derived."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def read(self, document: Analysis, reading: Reading) -> Analysis:
        return self.session.read(document, reading)

    def array(self, document: Analysis, name: str, reading: Reading) -> np.ndarray:
        return self.session.arrays.named(document, name, reading.lens, reading.divergence)

    def figure(
        self,
        name: str,
        subject: Subject,
        options: FigureOptions,
        settings: MapQuery,
        beside: Source | None = None,
    ) -> go.Figure:
        if beside is not None:
            if not isinstance(beside, LocalSource):
                raise InputError(
                    "One of the two lies on a server and the other here: `.save` the first into a "
                    "folder and `open` that, then compare."
                )
            arrays = beside.session.arrays
            subject = Subject(subject.analysis, subject.reading, subject.beside, arrays)
        return self.session.figures.draw(name, subject, options, settings.of("tokens"))

    def image(self, document: Analysis) -> bytes:
        return self.session.store.read_image(document.id)

    def patches(
        self, document: Analysis, word: str, lens: Lens
    ) -> tuple[np.ndarray, np.ndarray, str]:
        arrays = self.session.arrays
        token = arrays.vocabulary(document).word(word)
        places, _ = arrays.patch_places(document)
        return places, arrays.patch_word(document, token.token_id, lens), token.token_text

    def tokenizer(self, document: Analysis) -> str:
        return self.session.store.read_tokenizer(document.model.revision)
