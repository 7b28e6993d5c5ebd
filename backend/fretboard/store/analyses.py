"""The durable store: one folder per analysis, in a local folder or an object store.

analyses/<id>/analysis.json   arrays.safetensors   hidden_states.safetensors   image.png
              derived/<name>.safetensors           slow to compute, so kept
sets/<id>/set.json                                   derived/<name>.safetensors
models/<revision>/tokenizer.json
"""

import json
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from fretboard.core.analysis import Analysis, Status
from fretboard.core.arrays import ARRAYS as CATALOGUE
from fretboard.core.arrays import TOP_K
from fretboard.core.errors import FretboardError, Lost, NotFound
from fretboard.core.image_set import ImageSet
from fretboard.core.images import stored_image
from fretboard.store.objects import Objects, open_objects
from fretboard.store.records import Records

ARRAYS = "arrays"
HIDDEN_STATES = "hidden_states"
IMAGE = "image"
ANY_ID = "analysis"  # of the only one in a folder
NO_ANALYSIS = "{} holds no analysis.json. `fretboard analyze … --output FOLDER` writes one."
PNG_BEGINS, PNG_ENDS = b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"


class AnalysisStore(Records[Analysis]):
    """`layout` places an analysis; `""` puts it at the root."""

    def __init__(self, objects: Objects, layout: str = "analyses/{id}/") -> None:
        super().__init__(objects, layout, "analysis.json", Analysis, "analysis")
        self._models = "models/{revision}/tokenizer.json" if layout else "tokenizer.json"

    def write_finished(
        self, analysis: Analysis, hidden: np.ndarray, arrays: Mapping[str, np.ndarray]
    ) -> None:
        """A whole record, the document last: one that is done has its arrays.

        Raises FretboardError, with nothing written, for numbers that do not make a record.
        """
        for name, array in {HIDDEN_STATES: hidden, **arrays}.items():
            fault = fault_of(analysis, name, array)
            if fault:
                raise FretboardError(f"This analysis cannot be stored: {name} {fault}.")
        self.write_arrays(analysis.id, HIDDEN_STATES, {HIDDEN_STATES: hidden})
        self.write_arrays(analysis.id, ARRAYS, arrays)
        self.write(analysis)

    def read_sound(self, analysis: Analysis, name: str) -> np.ndarray:
        """An array that every finished analysis has, as its document says it must be.

        Raises Lost where it is missing or damaged.
        """
        file = file_of(name)
        try:
            array = self.read_array(analysis.id, file, name)
        except NotFound as error:
            what = "are damaged" if isinstance(error, Lost) else "are missing from the store"
            raise self._lost_part(analysis, file, what) from error
        fault = fault_of(analysis, name, array)
        if fault:
            raise self._lost_part(analysis, file, f"are damaged ({name} {fault})")
        return array

    def finished(self, analysis_id: str, spared: Collection[str] = ()) -> Analysis | None:
        """The finished analysis of this id, if its record is whole but for the parts `spared`."""
        try:
            analysis = self.read(analysis_id)
        except NotFound:
            return None
        done = analysis.id == analysis_id and analysis.status is Status.DONE
        return analysis if done and set(self.lost_parts(analysis)) <= set(spared) else None

    def lost_parts(self, document: Analysis) -> list[str]:
        """Of image, arrays and hidden_states."""
        parts = [IMAGE] if document.request.image is not None else []
        parts += [ARRAYS, HIDDEN_STATES] if document.status == Status.DONE else []
        return [part for part in parts if not self._is_sound(document, part)]

    def write_image(self, analysis_id: str, png: bytes) -> None:
        """Keep the upright RGB image, as PNG."""
        self._objects.put(self._path(analysis_id, "image.png"), png)

    def image_of(self, analysis: Analysis) -> Image.Image | None:
        """Its picture, decoded; None where it was asked without one. Raises as `read_image`."""
        if analysis.request.image is None:
            return None
        return stored_image(self.read_image(analysis.id))

    def read_image(self, analysis_id: str) -> bytes:
        """PNG bytes. Raises NotFound for a text-only analysis, Lost for half a picture."""
        png = self._objects.get(self._path(analysis_id, "image.png"))
        if not (png.startswith(PNG_BEGINS) and png.endswith(PNG_ENDS)):
            raise Lost(
                "The image of this analysis is damaged. Ask the question again with the same "
                "image: it gets the same permalink."
            )
        return png

    def write_tokenizer(self, revision: str, tokenizer_json: str) -> None:
        """Publish a model's tokenizer for processes without torch."""
        self._objects.put(self._models.format(revision=revision), tokenizer_json.encode())

    def read_tokenizer(self, revision: str) -> str:
        """`tokenizer.json` of a model revision. Raises NotFound until a worker published it."""
        data = self._objects.get(self._models.format(revision=revision))
        try:
            json.loads(data)
        except ValueError as error:
            raise Lost(
                "The tokenizer of this model is damaged in the store. Start a worker of the model: "
                "it writes it anew."
            ) from error
        return data.decode()

    def _is_sound(self, analysis: Analysis, part: str) -> bool:
        try:
            if part == IMAGE:
                self.read_image(analysis.id)
            for name in (name for name in CATALOGUE if file_of(name) == part):
                self.read_sound(analysis, name)
        except NotFound:
            return False
        return True

    def _lost_part(self, analysis: Analysis, file: str, what: str) -> Lost:
        return Lost(
            f"The {file.replace('_', ' ')} of this analysis {what}. Run it again "
            f"(POST /api/analyses/{analysis.id}/again): the same question gives the same."
        )


def fault_of(analysis: Analysis, name: str, array: np.ndarray) -> str:
    """What is wrong with an array of the catalogue, "" where nothing is: its shape, or a number."""
    expected = shape_of(analysis, name)
    if array.shape != expected:
        return f"has shape {_by(array.shape)}, not {_by(expected)}"
    if np.issubdtype(array.dtype, np.integer) or np.isfinite(array).all():
        return ""
    depth, token = np.argwhere(~np.isfinite(array))[0][:2]
    return f"is not finite at depth {depth}, token {token}"


def shape_of(analysis: Analysis, name: str) -> tuple[int, ...]:
    """By the catalogue's axes."""
    sizes = {
        "depth": analysis.model.layers + 1,
        "pair": analysis.model.layers,
        "token": len(analysis.tokens),
        "k": min(TOP_K, analysis.model.vocabulary),
        "width": analysis.model.width,
    }
    return tuple(sizes[axis] for axis in CATALOGUE[name].axes)


def _by(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape)) or "()"


def file_of(name: str) -> str:
    """The file of the record that holds an array of the catalogue."""
    return HIDDEN_STATES if name == HIDDEN_STATES else ARRAYS


def open_store(url: str, layout: str = "analyses/{id}/") -> AnalysisStore:
    """A store for `STORE_URL`: a folder (made when missing), `memory://`, `s3://bucket/prefix`."""
    return AnalysisStore(open_objects(url), layout)


def open_folder(folder: Path, new: bool = False) -> AnalysisStore:
    """The store of one analysis, its record right in `folder`, read under any id.

    Raises NotFound where there is none, unless it is new.
    """
    if not new and not folder.is_dir():
        raise NotFound(NO_ANALYSIS.format(folder))
    store = open_store(str(folder), layout="")
    if not new and not store.exists(ANY_ID):
        raise NotFound(NO_ANALYSIS.format(folder))
    return store


def open_sets(url: str) -> Records[ImageSet]:
    """The image sets of the same `STORE_URL`."""
    return Records(open_objects(url), "sets/{id}/", "set.json", ImageSet, "image set")
