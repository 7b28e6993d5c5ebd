"""The durable store: one folder per analysis, in a local folder or an object store.

    analyses/<id>/analysis.json   arrays.safetensors   hidden_states.safetensors   image.png
                  derived/<name>.safetensors           slow to compute, so kept
    sets/<id>/set.json                                   derived/<name>.safetensors
    models/<revision>/tokenizer.json

Every write replaces a whole object atomically (obstore: temporary file and rename, or one PUT).
"""

from collections.abc import Iterator, Mapping
from typing import Protocol

import numpy as np
from obstore.store import ObjectStore

from fretboard.core.analysis import Analysis
from fretboard.core.errors import Lost, NotFound
from fretboard.core.image_set import ImageSet
from fretboard.store.records import Records, open_objects

ARRAYS = "arrays"
HIDDEN_STATES = "hidden_states"


class AnalysisStore(Protocol):
    """What the rest of Fretboard asks of a durable store."""

    def create(self, analysis: Analysis) -> bool: ...
    def write(self, analysis: Analysis) -> None: ...
    def read(self, analysis_id: str) -> Analysis: ...
    def delete(self, analysis_id: str) -> None: ...
    def exists(self, analysis_id: str) -> bool: ...
    def purge(self, analysis_id: str) -> None: ...
    def names(self, analysis_id: str) -> set[str]: ...
    def ids(self) -> Iterator[str]: ...
    def write_image(self, analysis_id: str, png: bytes) -> None: ...
    def read_image(self, analysis_id: str) -> bytes: ...
    def write_arrays(
        self, analysis_id: str, file: str, arrays: Mapping[str, np.ndarray], note: str = ""
    ) -> None: ...
    def drop_arrays(self, analysis_id: str, *files: str) -> None: ...
    def drop_derived(self, analysis_id: str) -> None: ...
    def read_array(self, analysis_id: str, file: str, name: str) -> np.ndarray: ...
    def read_note(self, analysis_id: str, file: str) -> str: ...
    def write_tokenizer(self, revision: str, tokenizer_json: str) -> None: ...
    def read_tokenizer(self, revision: str) -> str: ...


class ObjectAnalysisStore(Records[Analysis]):
    """AnalysisStore over obstore. `layout` places an analysis; `""` puts it at the root."""

    def __init__(self, objects: ObjectStore, layout: str = "analyses/{id}/") -> None:
        super().__init__(objects, layout, "analysis.json", Analysis)
        self._models = "models/{revision}/tokenizer.json" if layout else "tokenizer.json"

    def write_image(self, analysis_id: str, png: bytes) -> None:
        """Keep the upright RGB image, as PNG."""
        self._put(self._path(analysis_id, "image.png"), png)

    def read_image(self, analysis_id: str) -> bytes:
        """PNG bytes. Raises NotFound for a text-only analysis."""
        return self._get(self._path(analysis_id, "image.png"))

    def read_array(self, analysis_id: str, file: str, name: str) -> np.ndarray:
        """One array of a file. Raises NotFound, or Lost for one that every analysis has."""
        try:
            return super().read_array(analysis_id, file, name)
        except NotFound as error:
            wanted = f"{file}.safetensors"
            if file not in (ARRAYS, HIDDEN_STATES) or wanted in self.names(analysis_id):
                raise
            raise Lost(
                f"The {file.replace('_', ' ')} of this analysis are missing from the store. Run it "
                f"again (POST /api/analyses/{analysis_id}/again): the same question gives the same."
            ) from error

    def write_tokenizer(self, revision: str, tokenizer_json: str) -> None:
        """Publish a model's tokenizer for processes without torch."""
        self._put(self._models.format(revision=revision), tokenizer_json.encode())

    def read_tokenizer(self, revision: str) -> str:
        """`tokenizer.json` of a model revision. Raises NotFound until a worker published it."""
        return self._get(self._models.format(revision=revision)).decode()


def open_store(url: str, layout: str = "analyses/{id}/") -> ObjectAnalysisStore:
    """A store for `STORE_URL`: a folder (made when missing), `memory://`, `s3://bucket/prefix`."""
    return ObjectAnalysisStore(open_objects(url), layout)


def open_sets(url: str) -> Records[ImageSet]:
    """The image sets of the same `STORE_URL`."""
    return Records(open_objects(url), "sets/{id}/", "set.json", ImageSet)
