"""Records of one kind: a JSON document and named arrays in a folder each.

What cannot be read is Lost, which is told apart from what is not there: it can be deleted, and
asking for the same again computes it anew.
"""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Generic, Never, TypeVar

import numpy as np
from pydantic import ValidationError

from fretboard.core.analysis import Document
from fretboard.core.errors import FretboardError, Lost, NotFound
from fretboard.store.objects import Objects
from fretboard.store.tensors import ReadRange, pack, read_array, read_note, unpack

log = logging.getLogger(__name__)
LONGEST_ID = 64  # characters; a file system has no room for any number


D = TypeVar("D", bound=Document)


class Records(Generic[D]):
    """One folder a record: `layout` places it (`""`: at the root), `name` is its document's."""

    def __init__(self, objects: Objects, layout: str, name: str, kind: type[D], noun: str) -> None:
        """noun: what a record is called in a sentence."""
        self._objects = objects
        self._layout = layout
        self._name = name
        self._kind = kind
        self._noun = noun

    def create(self, document: D) -> bool:
        """Write the document unless one is there; returns whether it was written."""
        return self._objects.create(self._path(document.id, self._name), self._checked(document))

    def write(self, document: D) -> None:
        """Replace the document."""
        self._objects.put(self._path(document.id, self._name), self._checked(document))

    def read(self, record_id: str) -> D:
        """The document. Raises NotFound, and Lost for one that cannot be read."""
        try:
            data = self._objects.get(self._path(record_id, self._name))
        except NotFound:
            if self._is_blocked(record_id):
                self._lose("something else lies in its place")
            raise
        try:
            document = self._parsed(data)
        except ValueError as error:
            self._lose(f"{self._name}: {_fault(error)}")
        if self._layout and document.id != record_id:
            self._lose(f"{self._name} is that of another one")
        return document

    def readable(self, ids: Iterable[str] | None = None) -> Iterator[D]:
        """The documents of these ids (of all), without those that cannot be read."""
        for record_id in self.ids() if ids is None else ids:
            try:
                yield self.read(record_id)
            except NotFound as error:
                log.warning("%s %s is passed over: %s", self._noun, record_id, error)

    def make_way(self, record_id: str) -> bool:
        """Purge a record that cannot be read, for a new one; whether there was such a one."""
        try:
            self.read(record_id)
        except Lost as error:
            log.warning("%s %s is made anew: %s", self._noun, record_id, error)
            self.purge(record_id)
            return True
        except NotFound:
            pass
        return False

    def lost_parts(self, _document: D) -> list[str]:
        """What the record should have beside its document and has not, or has damaged."""
        return []

    def delete(self, record_id: str) -> None:
        """Remove all that lies in the record's place, the document first. Raises NotFound."""
        if self.exists(record_id):
            self._objects.delete(self._path(record_id, self._name))
        elif not self._is_blocked(record_id) and not self.names(record_id):
            raise NotFound(f"There is no {self._noun} {record_id!r}; it may have been deleted.")
        self.purge(record_id)

    def exists(self, record_id: str) -> bool:
        """Whether its document is there."""
        return self._objects.exists(self._path(record_id, self._name))

    def purge(self, record_id: str) -> None:
        """Remove whatever lies in the record's place; of one at the root, the document alone."""
        self._objects.remove_folder(self._path(record_id, "" if self._layout else self._name))

    def names(self, record_id: str) -> set[str]:
        """The objects of a record that are there, by their names in its folder."""
        return self._objects.beside(self._path(record_id, ""))[0]

    def ids(self) -> Iterator[str]:
        """Ids of all records."""
        _, folders = self._objects.beside(self._layout.partition("{")[0])
        return (name for name in sorted(folders) if name.isalnum())

    def usage(self) -> dict[str, tuple[int, float]]:
        """(bytes, when last written in s since the epoch) of every record; reads none of them."""
        first = self._layout.partition("{")[0]
        used: dict[str, tuple[int, float]] = {}
        for entry in self._objects.below(first):
            record_id = entry["path"].removeprefix(first).partition("/")[0]
            if record_id.isalnum():
                size, written = used.get(record_id, (0, 0.0))
                fresh = max(written, entry["last_modified"].timestamp())
                used[record_id] = (size + entry["size"], fresh)
        return used

    def drop_derived(self, record_id: str) -> None:
        """Remove the arrays that can be computed again."""
        self._objects.remove_folder(self._path(record_id, "derived/"))

    def drop_half_written(self, before: float) -> None:
        """Remove from the whole store what killed processes left, written before (s)."""
        self._objects.drop_half_written(before)

    def folder(self, record_id: str) -> Path:
        """The record's own folder. Raises NotFound where the store is not on this machine."""
        place = self._objects.place(self._path(record_id, ""))
        if place is None:
            raise NotFound("This store has no folders on this machine.")
        return place

    def write_arrays(
        self, record_id: str, file: str, arrays: Mapping[str, np.ndarray], note: str = ""
    ) -> None:
        """Write one safetensors file; `note` is free text kept in its metadata."""
        self._objects.put(self._path(record_id, f"{file}.safetensors"), pack(arrays, note))

    def drop_arrays(self, record_id: str, *files: str) -> None:
        """Remove files of arrays, those of them that are there."""
        there = self.names(record_id)
        for name in (f"{file}.safetensors" for file in files):
            if name in there:
                self._objects.delete(self._path(record_id, name))

    def read_array(self, record_id: str, file: str, name: str) -> np.ndarray:
        """One array of a file, without reading the others. Raises NotFound, Lost."""
        try:
            return read_array(self._reader(record_id, file), name)
        except KeyError as error:
            raise NotFound(f"{file} holds no array named {name!r}.") from error
        except ValueError as error:
            self._lose(f"{file}: {_fault(error)}")

    def read_arrays(self, record_id: str, file: str) -> dict[str, np.ndarray]:
        """All arrays of a file. Raises NotFound, Lost."""
        data = self._objects.get(self._path(record_id, f"{file}.safetensors"))
        try:
            return unpack(data)
        except ValueError as error:
            self._lose(f"{file}: {_fault(error)}")

    def read_noted(self, record_id: str, file: str, name: str) -> tuple[np.ndarray, Any]:
        """(an array of a file, the JSON in the file's note). Raises NotFound, Lost."""
        array = self.read_array(record_id, file, name)
        try:
            return array, json.loads(read_note(self._reader(record_id, file)))
        except ValueError as error:
            self._lose(f"{file}: {_fault(error)}")

    def _path(self, record_id: str, name: str) -> str:
        if not (record_id.isascii() and record_id.isalnum() and len(record_id) <= LONGEST_ID):
            raise NotFound(f"There is no record {record_id[:80]!r}: ids are letters and digits.")
        return self._layout.format(id=record_id) + name

    def _reader(self, record_id: str, file: str) -> ReadRange:
        path = self._path(record_id, f"{file}.safetensors")
        return lambda start, end: self._objects.part(path, start, end)

    def _is_blocked(self, record_id: str) -> bool:
        """Whether a file lies where the folder should be, or a folder where the document should."""
        place = self._objects.place(self._path(record_id, ""))
        return place is not None and (place.is_file() or (place / self._name).is_dir())

    def _checked(self, document: D) -> bytes:
        """The stored form, which can be read again. Raises FretboardError."""
        data = document.to_json()
        try:
            self._parsed(data)
        except ValueError as error:
            raise FretboardError(
                f"This {self._noun} cannot be stored: {_fault(error)}. Try again; if it fails "
                "again, report it."
            ) from error
        return data

    def _parsed(self, data: bytes) -> D:
        """Raises ValueError. JSON knows no NaN, but its readers let it pass."""
        if b"NaN" in data or b"Infinity" in data:
            json.loads(data, parse_constant=_refuse)
        return self._kind.model_validate_json(data)

    def _lose(self, reason: str) -> Never:
        """Raises Lost, which says what is wrong with a record and what to do."""
        raise Lost(
            f"The record of this {self._noun} is damaged ({reason}). Ask for the same again to "
            "have it made anew, or delete it."
        )


def _refuse(constant: str) -> Never:
    raise ValueError(f"it holds {constant}, which is no number")


def _fault(error: ValueError) -> str:
    """What is wrong in a line; of pydantic's errors, the first one's field and message."""
    if not isinstance(error, ValidationError):
        return str(error).partition("\n")[0]
    first = error.errors()[0]
    place = ".".join(map(str, first["loc"]))
    return f"{place}: {first['msg']}" if place else str(first["msg"])
