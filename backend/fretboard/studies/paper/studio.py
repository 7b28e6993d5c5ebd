"""What every curve needs: questions asked once, arrays as float64, figures with their headings."""

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from fretboard.analysis.figure_options import FigureOptions
from fretboard.analysis.figures import Subject
from fretboard.analysis.headings import heading
from fretboard.core.analysis import Analysis
from fretboard.core.question import Question
from fretboard.core.reading import Lens, Reading
from fretboard.engine.session import Session
from fretboard.studies.paper.section import SectionFigure
from fretboard.tiny_llava.world.dialogue import CAPTION

NEW_TOKENS = 256  # the paper's longest answer
PLAIN = FigureOptions()


@dataclass
class Studio:
    """Analyses lie in the session's store."""

    session: Session

    def ask(
        self,
        image: bytes | None,
        prompt: str = CAPTION,
        skipped: tuple[int, ...] = (),
        continuation: str | None = None,
    ) -> Analysis:
        """The finished analysis; one that is in the store is not run again."""
        return self.session.analyze(
            Question(
                prompt=prompt,
                image=image,
                max_new_tokens=NEW_TOKENS,
                skip_layers=",".join(map(str, skipped)),
                continuation=continuation,
            )
        )

    def read_as(self, analysis: Analysis, lens: Lens) -> Analysis:
        """Its stages found through this lens."""
        return self.session.read(analysis, Reading(lens=lens))

    def array(self, analysis: Analysis, name: str, lens: Lens = Lens.NORMED) -> np.ndarray:
        """A catalogue array, float64."""
        return self.session.arrays.named(analysis, name, lens).astype(np.float64)

    def headed(
        self,
        file: str,
        name: str,
        figure: go.Figure,
        subject: Subject,
        options: FigureOptions = PLAIN,
        more: str = "",
    ) -> SectionFigure:
        """A figure made here, with the heading of the page's figure of that name."""
        title, note = heading(name, subject, options)
        return SectionFigure(file, figure, title, " · ".join(filter(None, (note, more))))
