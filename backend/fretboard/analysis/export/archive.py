"""One archive: the records as in a store, their arrays as .npz, and what the archive is.

fretboard.json   citation.bib   models/<revision>/tokenizer.json
analyses/<id>/analysis.json     arrays.npz   image.png
sets/<id>/set.json
experiments/<id>/experiment.json   arrays.npz   other.png
"""

import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Literal

import numpy as np
from pydantic import BaseModel, ValidationError

from fretboard import __version__
from fretboard.analysis.arrays import needed
from fretboard.analysis.source import Source
from fretboard.core.analysis import Analysis
from fretboard.core.arrays import ARRAYS as CATALOGUE
from fretboard.core.arrays import portable
from fretboard.core.causal_test import ARRAYS as RESULTS
from fretboard.core.causal_test import CausalTest
from fretboard.core.errors import InputError
from fretboard.core.image_set import ImageSet
from fretboard.core.reading import Divergence, Reading
from fretboard.store.analyses import ARRAYS, HIDDEN_STATES, AnalysisStore
from fretboard.store.causal_tests import CausalTestRecords
from fretboard.store.records import Records

MANIFEST = "fretboard.json"
BY_LENS = tuple(spec.name for spec in CATALOGUE.values() if spec.by_lens)
Kind = Literal["analysis", "comparison", "image set", "causal test"]
OPENERS: dict[Kind, str] = {
    "analysis": "fb.open",
    "comparison": "fb.Comparison.open",
    "image set": "fb.ImageSet.open",
    "causal test": "fb.CausalTest.open",
}


class PackedAnalysis(BaseModel):
    """An analysis in an archive, and how it is read."""

    id: str
    reading: Reading


class Manifest(BaseModel):
    """What an archive holds; `record` is the id of the image set or causal test."""

    kind: Kind
    version: str = __version__
    analyses: list[PackedAnalysis] = []
    record: str = ""
    token: str = ""
    """Of an image set: the token position on show."""


class Packing:
    """An archive being written. The same record gives the same bytes."""

    def __init__(self, file: IO[bytes], kind: Kind, record: str = "", token: str = "") -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
        self._manifest = Manifest(kind=kind, record=record, token=token)
        self._names: set[str] = set()

    def add(self, name: str, data: bytes) -> None:
        """A file; what is there already is the same."""
        with self._member(name) as member:
            member.write(data)

    def add_arrays(self, name: str, arrays: Mapping[str, np.ndarray]) -> None:
        """An .npz."""
        with self._member(name) as member:
            np.savez(member, **{key: portable(values) for key, values in arrays.items()})  # type: ignore[arg-type]

    def add_analysis(self, source: Source, document: Analysis, reading: Reading) -> None:
        """Its record, with the arrays as read."""
        own = reading.under(document.request.lens)
        self._manifest.analyses.append(PackedAnalysis(id=document.id, reading=own))
        place = f"analyses/{document.id}"
        tokenizer = source.tokenizer(document)
        self.add(f"models/{document.model.revision}/tokenizer.json", tokenizer.encode())
        self.add(f"{place}/analysis.json", document.to_json())
        if document.request.image is not None:
            self.add(f"{place}/image.png", source.image(document))
        own_arrays: dict[str, np.ndarray] = {}
        derived: dict[str, np.ndarray] = {}
        for file, arrays in kept_arrays(document, own, lambda *of: source.array(document, *of)):
            if file in (ARRAYS, HIDDEN_STATES):
                own_arrays |= arrays
            else:
                derived |= {f"{file}/{name}": values for name, values in arrays.items()}
        self.add_arrays(f"{place}/arrays.npz", own_arrays)
        if derived:
            self.add_arrays(f"{place}/arrays-as-read-{len(self._manifest.analyses)}.npz", derived)

    def __enter__(self) -> "Packing":
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        """With its manifest the archive is whole."""
        with self._zip:
            if error is None:
                text = self._manifest.model_dump_json(indent=1, exclude_unset=False)
                self.add(MANIFEST, text.encode() + b"\n")

    def _member(self, name: str) -> IO[bytes]:
        if name in self._names:
            return io.BytesIO()  # written before
        self._names.add(name)
        return self._zip.open(_entry(name), "w", force_zip64=True)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)  # without the time of today
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def kept_arrays(
    document: Analysis, reading: Reading, read: Callable[[str, Reading], np.ndarray]
) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """(file of the record, its arrays): the analysis's own, and those that the reading needs."""
    own = Reading(lens=document.request.lens.base)
    yield HIDDEN_STATES, {HIDDEN_STATES: read(HIDDEN_STATES, own)}
    yield ARRAYS, {name: read(name, own) for name in BY_LENS}
    plain = Reading(lens=reading.lens, sublayers=reading.sublayers)
    through = needed(document, "probability", plain.lens, Divergence.JSD, plain.sublayers)
    if through is not None:
        yield through.file, {name: read(name, plain) for name in BY_LENS}
    apart = needed(document, "jsd", plain.lens, reading.divergence, plain.sublayers)
    if apart is not None and apart != through:
        yield apart.file, {"jsd": read("jsd", reading)}


def unpack(
    path: Path,
    store: AnalysisStore,
    sets: Records[ImageSet],
    tests: CausalTestRecords,
) -> Manifest:
    """Put an archive's records into stores. Raises InputError for a file that is none."""
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = Manifest.model_validate_json(archive.read(MANIFEST))
            for name in archive.namelist():
                _restore(name, archive.read(name), store, sets, tests)
    except FileNotFoundError as error:
        raise InputError(f"There is no file {path}.") from error
    except (zipfile.BadZipFile, KeyError, ValidationError, OSError, ValueError) as error:
        raise InputError(
            f"{path} is no archive of Fretboard, or it is damaged: export the record anew."
        ) from error
    return manifest


def _restore(
    name: str,
    data: bytes,
    store: AnalysisStore,
    sets: Records[ImageSet],
    tests: CausalTestRecords,
) -> None:
    folder, _, rest = name.partition("/")
    record, _, file = rest.partition("/")
    match folder, file:
        case "models", "tokenizer.json":
            store.write_tokenizer(record, data.decode())
        case "analyses", "analysis.json":
            store.write(Analysis.model_validate_json(data))
        case "analyses", "image.png":
            store.write_image(record, data)
        case "analyses", _:
            _restore_arrays(store, record, data)
        case "sets", "set.json":
            sets.write(ImageSet.model_validate_json(data))
        case "experiments", "experiment.json":
            tests.write(CausalTest.model_validate_json(data))
        case "experiments", "other.png":
            tests.write_other(record, data)
        case "experiments", "arrays.npz":
            tests.write_arrays(record, RESULTS, dict(np.load(io.BytesIO(data))))


def _restore_arrays(store: AnalysisStore, record: str, data: bytes) -> None:
    files: dict[str, dict[str, np.ndarray]] = {}
    with np.load(io.BytesIO(data)) as arrays:
        for key in arrays.files:
            place, _, name = key.rpartition("/")
            file = place or (HIDDEN_STATES if name == HIDDEN_STATES else ARRAYS)
            files.setdefault(file, {})[name] = arrays[key]
    for file, contents in files.items():
        store.write_arrays(record, file, contents)
