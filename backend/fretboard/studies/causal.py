"""`fretboard experiment`: one causal test of one or more images, stored, drawn, resumable."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fretboard.analysis.causal_tests import draw, find, heading
from fretboard.analysis.questions import Asked, prepare
from fretboard.core.analysis import Analysis, Status
from fretboard.core.causal_test import BLANK, Experiment, Kind, planned
from fretboard.core.errors import InputError, NotFound
from fretboard.core.images import Picture, read_picture
from fretboard.core.settings import Settings
from fretboard.engine.load import load_pipeline
from fretboard.figures.export import write_figure
from fretboard.figures.theme import ThemeName
from fretboard.store.analyses import open_store
from fretboard.store.causal_tests import ExperimentRecords, open_experiments

if TYPE_CHECKING:
    from fretboard.engine import Pipeline


@dataclass(frozen=True)
class Question:
    """What is asked of all images. other: an image to patch against; None is a grey one."""

    kind: Kind
    prompt: str
    max_new_tokens: int
    continuation: str | None = None
    other: Path | None = None
    into_image: bool = False
    """Patch the other run's states into the run with the image, instead of the reverse."""
    rival: str = ""
    token: int | None = None
    """Which token is drawn; None: the mean of all."""
    suffixes: tuple[str, ...] = (".html",)
    theme: ThemeName = "light"


@dataclass
class ExperimentRun:
    """One question over many images, into one folder."""

    settings: Settings
    question: Question
    output: Path
    made: int = field(default=0, init=False)

    def run(self, images: tuple[Path, ...]) -> Iterator[str]:
        """A line for each image: where its record and figures lie. Done ones are only drawn."""
        records = open_experiments(str(self.output))
        for path in images:
            analysis, picture = prepare(self.settings, self._asked(path))
            assert picture is not None  # an image was given
            document = self._done(records, analysis, picture)
            arrays = records.read_results(document.id)
            figure = self._draw(records.folder(document.id), document, arrays)
            found = find(document, arrays, self.question.token).sentence
            yield f"{path}: {document.answer} → {figure}\n  {found}"

    def _done(self, records: ExperimentRecords, analysis: Analysis, picture: Picture) -> Experiment:
        """The finished record: the one that is there, else measured now."""
        question = self.question
        other = self._other.sha256 if self._other else BLANK
        wanted = planned(analysis, question.kind, other, question.into_image, question.rival)
        with suppress(NotFound):
            known = records.read(wanted.id)
            if known.status is Status.DONE and records.has_results(known.id):
                return known
        document, arrays = self._measured(wanted, picture)
        records.make_way(document.id)
        records.write_finished(document, arrays)
        self.made += 1
        return document

    @cached_property
    def pipeline(self) -> "Pipeline":
        """The model, loaded when the first image needs it."""
        return load_pipeline(self.settings, open_store(str(self.output)))

    @cached_property
    def _other(self) -> Picture | None:
        path = self.question.other
        if path is None:
            return None
        return read_picture(_bytes(path), self.settings.max_image_pixels)

    def _asked(self, path: Path) -> Asked:
        question = self.question
        return Asked(
            question.prompt,
            _bytes(path),
            max_new_tokens=question.max_new_tokens,
            continuation=question.continuation,
        )

    def _measured(
        self, wanted: Experiment, picture: Picture
    ) -> tuple[Experiment, dict[str, np.ndarray]]:
        from fretboard.engine.causal.run import Material, measure

        pipeline = self.pipeline
        model = wanted.model.model_copy(update=pipeline.facts())
        material = Material(picture.image, self._other.image if self._other else None)
        told = wanted.model_copy(update={"model": model})
        return measure(pipeline.checkpoint, pipeline.vocabulary, told, material)

    def _draw(self, folder: Path, document: Experiment, arrays: dict[str, np.ndarray]) -> Path:
        """Write the figures beside the record; returns the first one's path."""
        token, theme = self.question.token, self.question.theme
        figure = draw(document, arrays, token, theme)
        stem = document.kind.value if token is None else f"{document.kind.value}-{token}"
        paths = [folder / f"{stem}{suffix}" for suffix in self.question.suffixes]
        for path in paths:
            write_figure(figure, path, theme, *heading(document))
        return paths[0]


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
