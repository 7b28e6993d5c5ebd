"""`fretboard experiment`: one causal test of one or more images, stored, drawn, resumable."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
from PIL import Image
from safetensors.numpy import load_file

from fretboard.api.submission import Asked, prepare
from fretboard.document import Analysis
from fretboard.errors import InputError, NotFound
from fretboard.experiments.record import (
    ARRAYS,
    BLANK,
    Experiment,
    Kind,
    Taught,
    experiment_id,
    open_experiments,
)
from fretboard.export import write_figure
from fretboard.figures.experiments import (
    attribution_figure,
    cut_figure,
    knockout_figure,
    patching_figure,
)
from fretboard.figures.theme import ThemeName
from fretboard.images import Picture, read_picture
from fretboard.settings import Settings
from fretboard.store.durable import open_store
from fretboard.vocabulary import Vocabulary
from fretboard.worker import load_pipeline

if TYPE_CHECKING:
    from fretboard.experiments.forced import Forced
    from fretboard.pipeline import Pipeline

GREY = (127, 127, 127)
DRAWN = {
    Kind.KNOCKOUT: knockout_figure,
    Kind.PATCHING: patching_figure,
    Kind.ATTRIBUTION: attribution_figure,
    Kind.CUT: cut_figure,
}
TITLES = {
    Kind.KNOCKOUT: "each layer alone knocked out",
    Kind.PATCHING: "states of one run put into the other",
    Kind.ATTRIBUTION: "what attention and MLPs add",
    Kind.CUT: "text blind to the image from a depth on",
}


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
            wanted = self._document(analysis)
            try:
                document = records.read(wanted.id)
            except NotFound:
                document, arrays = self._measured(wanted, picture)
                records.write_arrays(wanted.id, ARRAYS, arrays)
                records.write(document)  # last: a record that is there is whole
                self.made += 1
            yield f"{path}: {document.answer} → {self._draw(document)}"

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

    def _document(self, analysis: Analysis) -> Experiment:
        """The record's head, without results; only what its kind depends on goes into the id."""
        question = self.question
        patched = question.kind is Kind.PATCHING
        other = (self._other.sha256 if self._other else BLANK) if patched else ""
        into_image = question.into_image and patched
        rival = question.rival if question.kind is Kind.ATTRIBUTION else ""
        return Experiment(
            id=experiment_id(question.kind, analysis.id, other, into_image, rival),
            kind=question.kind,
            request=analysis.request,
            model=analysis.model,
            other=other,
            into_image=into_image,
            rival=rival,
        )

    def _measured(
        self, wanted: Experiment, picture: Picture
    ) -> tuple[Experiment, dict[str, np.ndarray]]:
        """The model at work."""
        from fretboard.experiments.forced import answer, log_probabilities
        from fretboard.model.inputs import build_inputs

        checkpoint, request = self.pipeline.checkpoint, wanted.request
        inputs = build_inputs(checkpoint, request.prompt, picture.image, request.continuation)
        forced = answer(checkpoint, inputs, request.max_new_tokens)
        arrays, note = self._arrays(forced, picture.image)
        vocabulary = self.pipeline.vocabulary
        said = zip(forced.emitted, log_probabilities(forced).tolist(), strict=True)
        tokens = [
            Taught(index=t, id=number, text=vocabulary.text(number), log_probability=value)
            for t, (number, value) in enumerate(said)
        ]
        facts = {
            "model": wanted.model.model_copy(update=self.pipeline.facts()),
            "answer": checkpoint.tokenizer.decode(forced.emitted, skip_special_tokens=True).strip(),
            "tokens": tokens,
            "drift": forced.drift,
            "note": note,
        }
        return wanted.model_copy(update=facts), arrays

    def _arrays(self, forced: "Forced", image: Image.Image) -> tuple[dict[str, np.ndarray], dict]:
        from fretboard.experiments.attention_cut import attention_cut
        from fretboard.experiments.attribution import attribution
        from fretboard.experiments.knockout import knockout
        from fretboard.experiments.patching import patching

        if self.question.kind is Kind.KNOCKOUT:
            return knockout(forced)
        if self.question.kind is Kind.CUT:
            return attention_cut(forced)
        if self.question.kind is Kind.ATTRIBUTION:
            return attribution(forced, self._rival(self.pipeline.vocabulary))
        other = self._without(forced, image)
        donor, base = (other, forced) if self.question.into_image else (forced, other)
        return patching(donor, base)

    def _without(self, forced: "Forced", image: Image.Image) -> "Forced":
        """The same answer taught to a run with the other image, or a grey one of the same size."""
        from fretboard.experiments.forced import taught
        from fretboard.model.inputs import build_inputs

        other = self._other.image if self._other else Image.new("RGB", image.size, GREY)
        inputs = build_inputs(forced.checkpoint, self.question.prompt, other, None)
        return taught(forced.checkpoint, inputs, list(forced.emitted))

    def _rival(self, vocabulary: Vocabulary) -> int | None:
        return vocabulary.word(self.question.rival).token_id if self.question.rival else None

    def _draw(self, document: Experiment) -> Path:
        """Write the figures beside the record; returns the first one's path."""
        folder = self.output / "experiments" / document.id
        token = self.question.token
        if token is not None and not 0 <= token < len(document.tokens):
            raise InputError(
                f"There is no token {token}; the answer has tokens 0 to {len(document.tokens) - 1}."
            )
        figure = draw(
            document, load_file(folder / f"{ARRAYS}.safetensors"), token, self.question.theme
        )
        stem = document.kind.value if token is None else f"{document.kind.value}-{token}"
        paths = [folder / f"{stem}{suffix}" for suffix in self.question.suffixes]
        for path in paths:
            write_figure(figure, path, self.question.theme, *heading(document))
        return paths[0]


def draw(
    document: Experiment, arrays: dict[str, np.ndarray], token: int | None, theme: ThemeName
) -> go.Figure:
    """The figure of one token, or of the mean of all."""
    texts = [one.text for one in document.tokens]
    return DRAWN[document.kind](arrays, texts, token, theme)


def heading(document: Experiment) -> tuple[str, str]:
    """Title and note of its figure."""
    parts = [document.model.name, f"“{document.request.prompt}”", f"answer: {document.answer}"]
    if document.kind is Kind.PATCHING:
        other = "a grey image" if document.other == BLANK else f"image {document.other[:12]}"
        pair = (other, "the image") if document.into_image else ("the image", other)
        parts.append(f"states of the run with {pair[0]} put into the run with {pair[1]}")
    if document.kind is Kind.ATTRIBUTION:
        parts.append(f"against {document.rival or 'the strongest other word'}")
    return TITLES[document.kind], " · ".join(parts)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
