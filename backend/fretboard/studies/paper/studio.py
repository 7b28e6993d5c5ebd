"""The served model at work: analyses kept by content id, arrays derived once, figures headed."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import plotly.graph_objects as go

from fretboard.analysis.figures import Drawing, Wanted, heading, staged_as
from fretboard.analysis.questions import Asked, prepare
from fretboard.core.analysis import Analysis
from fretboard.core.image_set import ImageSet
from fretboard.core.question import Lens, StageMethod
from fretboard.core.settings import Settings
from fretboard.core.vocabulary import Vocabulary
from fretboard.engine.folder import run_prepared
from fretboard.engine.load import load_pipeline
from fretboard.engine.session import LocalSource
from fretboard.lens.thresholds import Thresholds
from fretboard.store.analyses import AnalysisStore
from fretboard.store.records import Records
from fretboard.studies.paper.section import Picture
from fretboard.tiny_llava.world.dialogue import CAPTION

NEW_TOKENS = 256  # the paper's longest answer


@dataclass
class Studio:
    """`figures` is where pictures and tables go; analyses lie in `store`."""

    settings: Settings
    store: AnalysisStore
    sets: Records[ImageSet]
    figures: Path

    @cached_property
    def source(self) -> LocalSource:
        """Arrays; the model is loaded for the first one that is not there."""
        return LocalSource(self.store, lambda: load_pipeline(self.settings, self.store))

    @cached_property
    def drawing(self) -> Drawing:
        """Figures of these arrays."""
        return Drawing(self.source, self.source.vocabulary)

    def vocabulary(self, analysis: Analysis) -> Vocabulary:
        """Of the analysis's model."""
        return self.source.vocabulary(analysis)

    def ask(
        self,
        image: bytes | None,
        prompt: str = CAPTION,
        skipped: tuple[int, ...] = (),
        continuation: str | None = None,
    ) -> Analysis:
        """The finished analysis; one that is in the store is not run again."""
        layers = ",".join(map(str, skipped))
        asked = Asked(
            prompt, image, None, NEW_TOKENS, skip_layers=layers, continuation=continuation
        )
        analysis, picture = prepare(self.settings, asked)
        known = self.store.finished(analysis.id)
        if known is not None:
            return known
        return run_prepared(self.source.pipeline, self.store, analysis, picture)

    def read_as(self, analysis: Analysis, lens: Lens) -> Analysis:
        """Its stages found through this lens."""
        return staged_as(
            self.source, self.vocabulary, analysis, lens, StageMethod.AUTOMATIC, Thresholds()
        )

    def array(self, analysis: Analysis, name: str, lens: Lens = Lens.NORMED) -> np.ndarray:
        """A catalogue array, float64."""
        return self.source.named(analysis, name, lens).astype(np.float64)

    def picture(self, file: str, name: str, wanted: Wanted) -> Picture:
        """A figure of the page's with its heading."""
        return Picture(file, self.drawing.figure(name, wanted), *heading(name, wanted))

    def headed(
        self, file: str, name: str, figure: go.Figure, wanted: Wanted, more: str = ""
    ) -> Picture:
        """A figure made here, with the heading of the page's figure of that name."""
        title, note = heading(name, wanted)
        return Picture(file, figure, title, " · ".join(filter(None, (note, more))))
