"""One analysis as a folder: analysis.json, arrays, hidden states, image, and how it is read."""

from dataclasses import replace
from pathlib import Path

import plotly.graph_objects as go

from fretboard.analysis.arrays import needed
from fretboard.analysis.figures import FigureOptions, Subject
from fretboard.analysis.skip_presets import Preset, preset_layers
from fretboard.core.analysis import Analysis
from fretboard.core.errors import NotFound
from fretboard.core.map_settings import MapSettings
from fretboard.core.question import Question
from fretboard.core.reading import Reading
from fretboard.core.settings import Settings
from fretboard.engine.session import Session
from fretboard.store.analyses import open_store

READING = "reading.json"  # what `figure` takes where it is told nothing
ANY_ID = "analysis"  # a folder holds one analysis, whatever its id
PLAIN = "plain"  # the run that a preset was taken from


def analyze_to_folder(
    settings: Settings, question: Question, folder: Path, reading: Reading | None = None
) -> Analysis:
    """Write the analysis into `folder`, with the arrays and stages of `reading`."""
    return _write(_session(settings, folder), question, folder, reading or Reading())


def analyze_with_preset(
    settings: Settings, question: Question, folder: Path, reading: Reading, preset: Preset
) -> tuple[Analysis, Analysis]:
    """(the plain analysis, in `folder/plain`; the one that does without the preset's layers).

    Raises InputError where the plain answer's stages, found as `reading` says, leave none to skip.
    """
    first, second = _session(settings, folder / PLAIN), _session(settings, folder)
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
    session = open_folder(settings, folder)
    analysis = session.store.read(ANY_ID)
    chosen = read_reading(folder, analysis).but(**reading.model_dump(exclude_unset=True))
    subject = Subject(session.read(analysis, chosen), chosen)
    return session.figures.draw(name, subject, options, map_settings), subject


def open_folder(settings: Settings, folder: Path) -> Session:
    """The one analysis in a folder. Raises NotFound where `analyze` has not written one."""
    if not (folder / "analysis.json").is_file():
        raise NotFound(
            f"{folder} holds no analysis.json. `fretboard analyze … --output FOLDER` writes one."
        )
    return _session(settings, folder)


def read_reading(folder: Path, analysis: Analysis) -> Reading:
    """How the folder's analysis was asked to be read, with the thresholds of its stages."""
    path = folder / READING
    kept = Reading.model_validate_json(path.read_text()) if path.is_file() else Reading()
    stages = analysis.stages
    if stages is not None:
        kept = kept.but(**stages.thresholds, stages=stages.method)
    return kept.under(analysis.request.lens)


def _session(settings: Settings, folder: Path) -> Session:
    return replace(Session.open(settings, folder), store=open_store(str(folder), layout=""))


def _write(session: Session, question: Question, folder: Path, reading: Reading) -> Analysis:
    analysis = session.analyze(question)
    own = reading.under(analysis.request.lens)
    for name in ("probability", "jsd"):
        if needed(analysis, name, own.lens, own.divergence):
            session.arrays.named(analysis, name, own.lens, own.divergence)
    (folder / READING).write_text(own.model_dump_json(indent=1, exclude_unset=True) + "\n")
    read = session.read(analysis, own)
    session.store.write(read)
    return read
