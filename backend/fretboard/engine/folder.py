"""One analysis as a folder: analysis.json, arrays, hidden states, image, and how it is read."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import plotly.graph_objects as go

from fretboard.analysis.arrays import needed
from fretboard.analysis.export.archive import kept_arrays
from fretboard.analysis.figure_options import FigureOptions
from fretboard.analysis.figures import Subject
from fretboard.analysis.skip_presets import Preset, preset_layers
from fretboard.core.analysis import Analysis
from fretboard.core.map_settings import MapSettings
from fretboard.core.question import Question
from fretboard.core.reading import Reading
from fretboard.core.settings import Settings
from fretboard.engine.session import Session
from fretboard.store.analyses import ANY_ID, open_folder

READING = "reading.json"  # what `figure` takes where it is told nothing
PLAIN = "plain"  # the run that a preset was taken from


def analyze_to_folder(
    settings: Settings, question: Question, folder: Path, reading: Reading | None = None
) -> Analysis:
    """Write the analysis into `folder`, with the arrays and stages of `reading`."""
    return _write(session_of(settings, folder, new=True), question, folder, reading or Reading())


def analyze_with_preset(
    settings: Settings, question: Question, folder: Path, reading: Reading, preset: Preset
) -> tuple[Analysis, Analysis]:
    """(the plain analysis, in `folder/plain`; the one that does without the preset's layers).

    Raises InputError where the plain answer's stages, found as `reading` says, leave none to skip.
    """
    first, second = (session_of(settings, place, new=True) for place in (folder / PLAIN, folder))
    plain = _write(first, question.but(skip_layers=""), folder / PLAIN, reading)
    layers = ",".join(map(str, preset_layers(preset, plain)))
    second.share_model(first)
    return plain, _write(second, question.but(skip_layers=layers), folder, reading)


def draw(
    settings: Settings,
    folder: Path,
    name: str,
    reading: Reading,
    options: FigureOptions,
    map_settings: MapSettings,
) -> tuple[go.Figure, Subject]:
    """A figure of the analysis in `folder`; what `reading` leaves open is the folder's own."""
    session = session_of(settings, folder)
    analysis = session.store.read(ANY_ID)
    chosen = read_reading(folder, analysis).but(**reading.model_dump(exclude_unset=True))
    subject = Subject(session.read(analysis, chosen), chosen)
    return session.figures.draw(name, subject, options, map_settings), subject


def save(
    document: Analysis,
    reading: Reading,
    folder: Path,
    read: Callable[[str, Reading], np.ndarray],
    tokenizer: str,
    image: bytes | None,
) -> None:
    """A finished analysis from elsewhere into `folder`, as `analyze_to_folder` would write it.

    read: (name, reading) → an array of the catalogue; image: PNG.
    """
    store = open_folder(folder, new=True)
    store.drop_derived(ANY_ID)
    store.write_tokenizer(document.model.revision, tokenizer)
    if image is not None:
        store.write_image(document.id, image)
    for file, arrays in kept_arrays(document, reading, read):
        store.write_arrays(document.id, file, arrays)
    _write_reading(folder, reading)
    store.write(document)


def read_reading(folder: Path, analysis: Analysis) -> Reading:
    """How the folder's analysis was asked to be read, with the thresholds of its stages."""
    path = folder / READING
    kept = Reading.model_validate_json(path.read_text()) if path.is_file() else Reading()
    stages = analysis.stages
    if stages is not None:
        kept = kept.but(**stages.thresholds, stages=stages.method)
    return kept.under(analysis.request.lens)


def session_of(settings: Settings, folder: Path, new: bool = False) -> Session:
    """Over the one analysis in a folder. Raises NotFound where there is none, unless it is new."""
    store = open_folder(folder, new)
    return replace(Session.open(settings, folder), store=store)


def _write(session: Session, question: Question, folder: Path, reading: Reading) -> Analysis:
    analysis = session.analyze(question)
    own = reading.under(analysis.request.lens)
    for name in ("probability", "jsd"):
        chosen = (own.lens, own.divergence, own.sublayers)
        if needed(analysis, name, *chosen):
            session.arrays.named(analysis, name, *chosen)
    _write_reading(folder, own)
    read = session.read(analysis, own)
    session.store.write(read)
    return read


def _write_reading(folder: Path, reading: Reading) -> None:
    (folder / READING).write_text(reading.model_dump_json(indent=1, exclude_unset=True) + "\n")
