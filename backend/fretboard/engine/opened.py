"""What lies in a folder or an archive, opened: for notebooks and the command line. No torch."""

from pathlib import Path

from fretboard.analysis.export.analyses import AnalysisExport
from fretboard.analysis.export.archive import (
    OPENERS,
    Kind,
    Manifest,
    PackedAnalysis,
    unpack,
)
from fretboard.analysis.export.causal_tests import TestExport
from fretboard.analysis.export.comparisons import ComparisonExport
from fretboard.analysis.export.image_sets import SetExport
from fretboard.analysis.export.record import Exported
from fretboard.analysis.figure_options import FigureOptions
from fretboard.analysis.source import StoredSource
from fretboard.core.errors import InputError
from fretboard.core.settings import Settings
from fretboard.engine.folder import read_reading, session_of
from fretboard.engine.session import Session
from fretboard.store.analyses import ANY_ID

ARCHIVE = ".zip"


def open_place(settings: Settings, path: str | Path) -> tuple[Session, Manifest]:
    """A session over what lies in an archive, an analysis's folder or a record's of a store.

    Raises NotFound, and InputError for a file that is no archive.
    """
    place = Path(path).expanduser()
    if place.suffix.lower() == ARCHIVE or place.is_file():
        session = Session.open(settings)
        manifest = unpack(place, session.store, session.sets, session.tests)
    elif place.parent.name in ("sets", "experiments"):
        session = Session.open(settings, place.parent.parent)
        kind: Kind = "image set" if place.parent.name == "sets" else "causal test"
        manifest = Manifest(kind=kind, record=place.name)
    else:
        session, manifest = _folder(settings, place)
    session.settings = session.settings.model_copy(update={"model": _model(session, manifest)})
    return session, manifest


def open_kind(settings: Settings, place: str | Path, kind: Kind) -> tuple[Session, Manifest]:
    """The same. Raises InputError where something else lies there."""
    session, manifest = open_place(settings, place)
    if manifest.kind != kind:
        raise InputError(
            f"{place} holds no {kind} but another kind of record, the {manifest.kind}: "
            f"{OPENERS[manifest.kind]} opens it."
        )
    return session, manifest


def exported_place(
    settings: Settings, place: Path, options: FigureOptions, beside: Path | None = None
) -> Exported:
    """What lies there, to be written in another form; beside: another analysis, to compare with."""
    if beside is None:
        return _exported(*open_place(settings, place), options)
    sides = [_exported(*open_kind(settings, side, "analysis"), options) for side in (place, beside)]
    first, second = (side for side in sides if isinstance(side, AnalysisExport))
    return ComparisonExport(first, second)


def _exported(session: Session, manifest: Manifest, options: FigureOptions) -> Exported:
    """What lies there, to be written in another form. options: the token and words on show."""
    if manifest.kind == "image set":
        document = session.sets.read(manifest.record)
        role = manifest.token or document.request.token
        return SetExport(StoredSource(session.arrays), document, role)
    if manifest.kind == "causal test":
        chosen = options.token if "token" in options.model_fields_set else None
        test = session.tests.read(manifest.record)
        return TestExport.stored(session.store, session.tests, test, chosen)
    source = StoredSource(session.arrays)
    sides = [
        AnalysisExport(source, session.read(document, packed.reading), packed.reading, options)
        for packed in manifest.analyses
        for document in [session.store.read(packed.id)]
    ]
    return sides[0] if manifest.kind == "analysis" else ComparisonExport(*sides)


def _folder(settings: Settings, place: Path) -> tuple[Session, Manifest]:
    """Of one analysis: written by a command or `.save`, or in a store."""
    session = session_of(settings, place)
    if place.parent.name == "analyses" and not (place / "tokenizer.json").exists():
        session = Session.open(session.settings, place.parent.parent)
    record_id = place.name if session.store.exists(place.name) else ANY_ID
    document = session.store.read(record_id)
    packed = PackedAnalysis(id=document.id, reading=read_reading(place, document))
    return session, Manifest(kind="analysis", analyses=[packed])


def _model(session: Session, manifest: Manifest) -> str:
    """That made the record: what it lacks is derived with it."""
    if manifest.kind == "causal test":
        return session.tests.read(manifest.record).model.name
    if manifest.kind == "image set":
        return session.sets.read(manifest.record).request.model
    return session.store.read(manifest.analyses[0].id).model.name
