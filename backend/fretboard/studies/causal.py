"""`fretboard experiment`: one causal test of one or more images, stored, drawn, resumable."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from fretboard.analysis.causal_tests import draw, find, heading
from fretboard.core.causal_test import CausalTest, Kind
from fretboard.core.images import Picture
from fretboard.core.question import Question
from fretboard.core.whole_file import read_file
from fretboard.engine.session import Session
from fretboard.figures.export import write_figure
from fretboard.figures.theme import ThemeName


@dataclass
class CausalTestRun:
    """One question and one test over many images, into one folder.

    other: an image to patch against; None is a grey one. into_image: patch the other run's states
    into the run with the image, instead of the reverse. token: which is drawn; None: the mean.
    """

    session: Session
    question: Question
    kind: Kind
    other: Path | None = None
    into_image: bool = False
    rival: str = ""
    token: int | None = None
    suffixes: tuple[str, ...] = (".html",)
    theme: ThemeName = "light"

    def run(self, images: tuple[Path, ...]) -> Iterator[str]:
        """A line for each image: where its record and figures lie. Done ones are only drawn."""
        for path in images:
            analysis, picture = self.session.prepare(self.question.but(image=read_file(path)))
            test = self.session.test(
                analysis, self.kind, picture, self._other, self.into_image, self.rival
            )
            arrays = self.session.tests.read_results(test.id)
            figure = self._draw(test, arrays)
            sentence = find(test, arrays, self.token).sentence
            yield f"{path}: {test.answer} → {figure}\n  {sentence}"

    @cached_property
    def _other(self) -> Picture | None:
        return self.session.picture(self.other) if self.other is not None else None

    def _draw(self, test: CausalTest, arrays: dict[str, np.ndarray]) -> Path:
        """Write the figures beside the record; returns the first one's path."""
        folder = self.session.tests.folder(test.id)
        figure = draw(test, arrays, self.token, self.theme)
        stem = test.kind.value if self.token is None else f"{test.kind.value}-{self.token}"
        paths = [folder / f"{stem}{suffix}" for suffix in self.suffixes]
        for path in paths:
            write_figure(figure, path, self.theme, *heading(test))
        return paths[0]
