"""Objects by path in a folder, in memory or in an object store; their faults in our words.

Every write replaces a whole object atomically (obstore: temporary file and rename, or one PUT).
"""

import errno
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError
from obstore.store import LocalStore, MemoryStore, ObjectStore, from_url

from fretboard.core.errors import FretboardError, NotFound, StoreFull, Unavailable

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
HALF_WRITTEN = re.compile(r"#\d+$")  # how the local store names what it is still writing


class Objects:
    """An object store whose calls raise NotFound, StoreFull or Unavailable."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def put(self, path: str, data: bytes) -> None:
        """Write or replace."""
        self._clear(path)
        self._run(obstore.put, path, data, mode="overwrite")

    def create(self, path: str, data: bytes) -> bool:
        """Write unless there is one; whether it was written."""
        self._clear(path)
        try:
            self._run(obstore.put, path, data, mode="create")
        except AlreadyExistsError:
            return False
        return True

    def get(self, path: str) -> bytes:
        """The whole object."""
        return bytes(self._run(obstore.get, path).bytes())

    def part(self, path: str, start: int, end: int) -> bytes:
        """Its bytes from `start` to before `end`. Raises ValueError where it ends too early."""
        try:
            data = bytes(self._run(obstore.get_range, path, start=start, end=end))
        except Unavailable:
            if start < self._run(obstore.head, path)["size"]:
                raise
            data = b""  # a range that begins behind the end is refused
        if len(data) < end - start:
            raise ValueError("it ends too early")
        return data

    def exists(self, path: str) -> bool:
        """Whether it is there."""
        try:
            self._run(obstore.head, path)
        except NotFound:
            return False
        return True

    def delete(self, *paths: str) -> None:
        """Remove them."""
        self._run(obstore.delete, list(paths))

    def below(self, prefix: str) -> Iterator[dict[str, Any]]:
        """`path`, `size` and `last_modified` of all objects below a folder."""
        for batch in self._run(obstore.list, prefix=prefix or None):
            yield from batch

    def beside(self, folder: str) -> tuple[set[str], set[str]]:
        """Names of the objects, and of the folders, right inside a folder."""
        listing = self._run(obstore.list_with_delimiter, folder or None)
        objects = (entry["path"] for entry in listing["objects"])
        return set(map(_name, objects)), set(map(_name, listing["common_prefixes"]))

    def remove_folder(self, folder: str) -> None:
        """Remove a folder, what no listing shows included: empty folders, files half written."""
        paths = [entry["path"] for entry in self.below(folder)]
        if paths:
            self.delete(*paths)
        place = self.place(folder)
        if place is not None and folder:
            shutil.rmtree(place, ignore_errors=True)
            with suppress(OSError):
                place.unlink()  # where it is a file

    def drop_half_written(self, before: float) -> None:
        """Remove what killed processes were writing, and have not since `before` (s)."""
        root = self.place("")
        for path in root.glob("*/*/**/*#*") if root is not None else ():
            with suppress(OSError):
                if HALF_WRITTEN.search(path.name) and path.stat().st_mtime < before:
                    path.unlink()

    def place(self, path: str) -> Path | None:
        """Where it lies, in a store on this machine."""
        if not isinstance(self._objects, LocalStore):
            return None
        return Path(str(self._objects.prefix)) / path.rstrip("/")

    def _clear(self, path: str) -> None:
        """A folder where an object is to lie is none of ours."""
        place = self.place(path)
        if place is not None and place.is_dir():
            shutil.rmtree(place, ignore_errors=True)

    def _run(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return call(self._objects, *args, **kwargs)
        except (NotFoundError, FileNotFoundError) as error:
            raise NotFound(GONE) from error
        except AlreadyExistsError:
            raise
        except (BaseError, OSError) as error:
            raise _refusal(error) from error


GONE = (
    "There is no such record in the store; it may have been deleted. "
    "Ask the question again to compute it afresh."
)


def open_objects(url: str) -> Objects:
    """The objects behind `STORE_URL`: a folder (made when missing), `memory://`, `s3://…`."""
    if url == "memory://":
        return Objects(MemoryStore())
    if "://" in url:
        return Objects(from_url(url))
    folder = Path(url).expanduser().resolve()
    try:
        return Objects(LocalStore(str(folder), mkdir=True, automatic_cleanup=True))
    except OSError as error:
        raise _refusal(error) from error


def _name(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


def _refusal(error: Exception) -> FretboardError:
    """What a failed call says; obstore gives the system's error number in its words alone."""
    match = re.search(r"os error (\d+)", str(error))
    number = int(match[1]) if match else getattr(error, "errno", None)
    reason = os.strerror(number) if number else str(error).partition("\n")[0]
    if number == errno.EEXIST:
        return StoreFull("A file lies where the folder should be. Remove it, or name another one.")
    if number == errno.ENOTDIR:  # a file lies where the record's folder would be
        return NotFound(GONE)
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
