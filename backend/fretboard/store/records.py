"""Records of one kind: a JSON document and named arrays in a folder each.

Every write replaces a whole object atomically (obstore: temporary file and rename, or one PUT).
"""

import errno
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError
from obstore.store import LocalStore, MemoryStore, ObjectStore, from_url
from safetensors.numpy import load

from fretboard.core.errors import FretboardError, NotFound, StoreFull, Unavailable
from fretboard.store.tensors import pack, read_array, read_header

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


class Document(Protocol):
    """What a record's document must offer."""

    id: str

    def to_json(self) -> bytes: ...

    @classmethod
    def model_validate_json(cls, data: bytes) -> Any: ...


D = TypeVar("D", bound=Document)


class Records(Generic[D]):
    """One folder a record: `layout` places it (`""`: at the root), `name` is its document's."""

    def __init__(self, objects: ObjectStore, layout: str, name: str, kind: type[D]) -> None:
        self._objects = objects
        self._layout = layout
        self._name = name
        self._kind = kind

    def create(self, document: D) -> bool:
        """Write the document unless one is there; returns whether it was written."""
        try:
            self._put(self._path(document.id, self._name), document.to_json(), create=True)
        except AlreadyExistsError:
            return False
        return True

    def write(self, document: D) -> None:
        """Replace the document."""
        self._put(self._path(document.id, self._name), document.to_json())

    def read(self, record_id: str) -> D:
        """The document. Raises NotFound."""
        return self._kind.model_validate_json(self._get(self._path(record_id, self._name)))

    def delete(self, record_id: str) -> None:
        """Remove every object of the record, the document first. Raises NotFound."""
        self.read(record_id)
        self._run(obstore.delete, self._path(record_id, self._name))
        self.purge(record_id)

    def exists(self, record_id: str) -> bool:
        """Whether its document is there."""
        try:
            self._run(obstore.head, self._path(record_id, self._name))
        except NotFound:
            return False
        return True

    def purge(self, record_id: str) -> None:
        """Remove whatever lies in the record's place, if anything does."""
        for batch in obstore.list(self._objects, prefix=self._path(record_id, "")):
            self._run(obstore.delete, [entry["path"] for entry in batch])

    def names(self, record_id: str) -> set[str]:
        """The objects of a record that are there, by their names in its folder."""
        folder = self._path(record_id, "")
        listing = self._run(obstore.list_with_delimiter, folder or None)
        return {entry["path"].rpartition("/")[2] for entry in listing["objects"]}

    def ids(self) -> Iterator[str]:
        """Ids of all records."""
        listing = obstore.list_with_delimiter(self._objects, prefix=self._layout.partition("{")[0])
        for prefix in listing["common_prefixes"]:
            yield prefix.rstrip("/").rpartition("/")[2]

    def usage(self) -> dict[str, tuple[int, float]]:
        """(bytes, when last written in s since the epoch) of every record; reads none of them."""
        first = self._layout.partition("{")[0]
        found: dict[str, tuple[int, float]] = {}
        for batch in self._run(obstore.list, prefix=first or None):
            for entry in batch:
                record_id = entry["path"].removeprefix(first).partition("/")[0]
                size, written = found.get(record_id, (0, 0.0))
                fresh = max(written, entry["last_modified"].timestamp())
                found[record_id] = (size + entry["size"], fresh)
        return found

    def write_arrays(
        self, record_id: str, file: str, arrays: Mapping[str, np.ndarray], note: str = ""
    ) -> None:
        """Write one safetensors file; `note` is free text kept in its metadata."""
        self._put(self._path(record_id, f"{file}.safetensors"), pack(arrays, note))

    def drop_arrays(self, record_id: str, *files: str) -> None:
        """Remove files of arrays, those of them that are there."""
        there = self.names(record_id)
        for name in (f"{file}.safetensors" for file in files):
            if name in there:
                self._run(obstore.delete, self._path(record_id, name))

    def drop_derived(self, record_id: str) -> None:
        """Remove what was derived from the record's states."""
        for batch in obstore.list(self._objects, prefix=self._path(record_id, "derived/")):
            self._run(obstore.delete, [entry["path"] for entry in batch])

    def read_array(self, record_id: str, file: str, name: str) -> np.ndarray:
        """One array of a file, without reading the others. Raises NotFound."""
        path = self._path(record_id, f"{file}.safetensors")
        try:
            return read_array(lambda start, end: self._range(path, start, end), name)
        except KeyError as error:
            raise NotFound(f"{path} holds no array named {name!r}.") from error

    def read_arrays(self, record_id: str, file: str) -> dict[str, np.ndarray]:
        """All arrays of a file (none of them bfloat16). Raises NotFound."""
        arrays: dict[str, np.ndarray] = load(
            self._get(self._path(record_id, f"{file}.safetensors"))
        )
        return arrays

    def read_note(self, record_id: str, file: str) -> str:
        """The note given to `write_arrays`. Raises NotFound."""
        path = self._path(record_id, f"{file}.safetensors")
        _, header = read_header(lambda start, end: self._range(path, start, end))
        return str(header.get("__metadata__", {}).get("note", ""))

    def _path(self, record_id: str, name: str) -> str:
        if not record_id.isalnum():
            raise NotFound(f"There is no record {record_id!r}: ids are letters and digits.")
        return self._layout.format(id=record_id) + name

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
            raise _refusal(error) from error


def _refusal(error: Exception) -> FretboardError:
    """What a failed call says; obstore gives the system's error number in its words alone."""
    found = re.search(r"os error (\d+)", str(error))
    number = int(found[1]) if found else getattr(error, "errno", None)
    reason = os.strerror(number) if number else str(error).partition("\n")[0]
    if number in NO_ROOM:
        return StoreFull(
            f"The store is full ({reason}). Delete analyses, run `fretboard clean`, or give "
            "STORE_URL more room; then ask again."
        )
    if number in FORBIDDEN:
        return StoreFull(
            f"The store cannot be written ({reason}). Give Fretboard the right to write to "
            "STORE_URL; then ask again."
        )
    return Unavailable(f"The store does not answer ({reason}). Try again later.")


def open_objects(url: str) -> ObjectStore:
    """The objects behind `STORE_URL`: a folder (made when missing), `memory://`, `s3://…`."""
    if url == "memory://":
        return MemoryStore()
    if "://" in url:
        return from_url(url)
    folder = Path(url).expanduser().resolve()
    return LocalStore(str(folder), mkdir=True, automatic_cleanup=True)
