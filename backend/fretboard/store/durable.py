"""The durable store: one folder per analysis, in a local folder or an object store.

    analyses/<id>/analysis.json   arrays.safetensors   hidden_states.safetensors   image.png
                  derived/<name>.safetensors           slow to compute, so kept
    models/<revision>/tokenizer.json

Every write replaces a whole object atomically (obstore: temporary file and rename, or one PUT).
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError
from obstore.store import LocalStore, MemoryStore, ObjectStore, from_url

from fretboard.document import Analysis
from fretboard.errors import NotFound, Unavailable
from fretboard.store.tensors import pack, read_array, read_header

ARRAYS = "arrays"
HIDDEN_STATES = "hidden_states"


class AnalysisStore(Protocol):
    """What the rest of Fretboard asks of a durable store."""

    def create(self, analysis: Analysis) -> bool: ...
    def write(self, analysis: Analysis) -> None: ...
    def read(self, analysis_id: str) -> Analysis: ...
    def delete(self, analysis_id: str) -> None: ...
    def ids(self) -> Iterator[str]: ...
    def write_image(self, analysis_id: str, png: bytes) -> None: ...
    def read_image(self, analysis_id: str) -> bytes: ...
    def write_arrays(
        self, analysis_id: str, file: str, arrays: Mapping[str, np.ndarray], note: str = ""
    ) -> None: ...
    def read_array(self, analysis_id: str, file: str, name: str) -> np.ndarray: ...
    def read_note(self, analysis_id: str, file: str) -> str: ...
    def write_tokenizer(self, revision: str, tokenizer_json: str) -> None: ...
    def read_tokenizer(self, revision: str) -> str: ...


class ObjectAnalysisStore:
    """AnalysisStore over obstore. `layout` places an analysis; `""` puts it at the root."""

    def __init__(self, objects: ObjectStore, layout: str = "analyses/{id}/") -> None:
        self._objects = objects
        self._layout = layout
        self._models = "models/{revision}/tokenizer.json" if layout else "tokenizer.json"

    def create(self, analysis: Analysis) -> bool:
        """Write the document unless one is there; returns whether it was written."""
        try:
            self._put(self._path(analysis.id, "analysis.json"), analysis.to_json(), create=True)
        except AlreadyExistsError:
            return False
        return True

    def write(self, analysis: Analysis) -> None:
        """Replace the document."""
        self._put(self._path(analysis.id, "analysis.json"), analysis.to_json())

    def read(self, analysis_id: str) -> Analysis:
        """The document. Raises NotFound."""
        return Analysis.model_validate_json(self._get(self._path(analysis_id, "analysis.json")))

    def delete(self, analysis_id: str) -> None:
        """Remove every object of the analysis, the document first. Raises NotFound."""
        self.read(analysis_id)
        self._run(obstore.delete, self._path(analysis_id, "analysis.json"))
        for batch in obstore.list(self._objects, prefix=self._path(analysis_id, "")):
            self._run(obstore.delete, [entry["path"] for entry in batch])

    def ids(self) -> Iterator[str]:
        """Ids of all analyses in the store."""
        listing = obstore.list_with_delimiter(self._objects, prefix=self._layout.partition("{")[0])
        for prefix in listing["common_prefixes"]:
            yield prefix.rstrip("/").rpartition("/")[2]

    def write_image(self, analysis_id: str, png: bytes) -> None:
        """Keep the upright RGB image, as PNG."""
        self._put(self._path(analysis_id, "image.png"), png)

    def read_image(self, analysis_id: str) -> bytes:
        """PNG bytes. Raises NotFound for a text-only analysis."""
        return self._get(self._path(analysis_id, "image.png"))

    def write_arrays(
        self, analysis_id: str, file: str, arrays: Mapping[str, np.ndarray], note: str = ""
    ) -> None:
        """Write one safetensors file; `note` is free text kept in its metadata."""
        self._put(self._path(analysis_id, f"{file}.safetensors"), pack(arrays, note))

    def read_array(self, analysis_id: str, file: str, name: str) -> np.ndarray:
        """One array of a file, without reading the others. Raises NotFound."""
        path = self._path(analysis_id, f"{file}.safetensors")
        try:
            return read_array(lambda start, end: self._range(path, start, end), name)
        except KeyError as error:
            raise NotFound(f"{path} holds no array named {name!r}.") from error

    def read_note(self, analysis_id: str, file: str) -> str:
        """The note given to `write_arrays`. Raises NotFound."""
        path = self._path(analysis_id, f"{file}.safetensors")
        _, header = read_header(lambda start, end: self._range(path, start, end))
        return str(header.get("__metadata__", {}).get("note", ""))

    def write_tokenizer(self, revision: str, tokenizer_json: str) -> None:
        """Publish a model's tokenizer for processes without torch."""
        self._put(self._models.format(revision=revision), tokenizer_json.encode())

    def read_tokenizer(self, revision: str) -> str:
        """`tokenizer.json` of a model revision. Raises NotFound until a worker published it."""
        return self._get(self._models.format(revision=revision)).decode()

    def _path(self, analysis_id: str, name: str) -> str:
        if not analysis_id.isalnum():
            raise NotFound(f"There is no analysis {analysis_id!r}: ids are letters and digits.")
        return self._layout.format(id=analysis_id) + name

    def _put(self, path: str, data: bytes, create: bool = False) -> None:
        self._run(obstore.put, path, data, mode="create" if create else "overwrite")

    def _get(self, path: str) -> bytes:
        return bytes(self._run(obstore.get, path).bytes())

    def _range(self, path: str, start: int, end: int) -> bytes:
        return bytes(self._run(obstore.get_range, path, start=start, end=end))

    def _run(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return call(self._objects, *args, **kwargs)
        except (NotFoundError, FileNotFoundError) as error:
            raise NotFound(
                "There is no such record in the store; it may have been deleted. "
                "Ask the question again to compute it afresh."
            ) from error
        except AlreadyExistsError:
            raise
        except (BaseError, OSError) as error:
            raise Unavailable(f"The store does not answer ({error}). Try again later.") from error


def open_store(url: str, layout: str = "analyses/{id}/") -> ObjectAnalysisStore:
    """A store for `STORE_URL`: a folder (made when missing), `memory://`, `s3://bucket/prefix`."""
    if url == "memory://":
        return ObjectAnalysisStore(MemoryStore(), layout)
    if "://" in url:
        return ObjectAnalysisStore(from_url(url), layout)
    folder = Path(url).expanduser().resolve()
    return ObjectAnalysisStore(LocalStore(str(folder), mkdir=True, automatic_cleanup=True), layout)
