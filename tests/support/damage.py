"""What can befall the files of a record: each kind by name, as a function of the file's path."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fretboard.store.tensors import pack, unpack

Damage = Callable[[Path], None]


def _emptied(path: Path) -> None:
    path.write_bytes(b"")


def _cut_off(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def _overwritten(path: Path) -> None:
    path.write_bytes(b"\xff\x00\xfe" * 400)


def _folder_in_its_place(path: Path) -> None:
    path.unlink()
    (path / "inside").mkdir(parents=True)


def _with(**fields) -> Damage:
    """Some fields of a document changed; None: gone, as in a record of another version."""

    def change(path: Path) -> None:
        document = json.loads(path.read_text()) | fields
        kept = {name: value for name, value in document.items() if value is not None}
        path.write_text(json.dumps(kept))

    return change


def _arrays(change: Callable[[np.ndarray], np.ndarray]) -> Damage:
    def changed(path: Path) -> None:
        arrays = unpack(path.read_bytes())
        path.write_bytes(pack({name: change(array) for name, array in arrays.items()}))

    return changed


def _with_nan(array: np.ndarray) -> np.ndarray:
    if np.issubdtype(array.dtype, np.integer):
        return array
    array = array.copy()
    array.flat[-1] = np.nan
    return array


FILES: dict[str, Damage] = {
    "emptied": _emptied,
    "cut off": _cut_off,
    "overwritten": _overwritten,
    "a folder in its place": _folder_in_its_place,
}
DOCUMENTS: dict[str, Damage] = FILES | {
    "a list": lambda path: path.write_text("[]"),
    "older": _with(request=None),
    "of another": _with(id="0" * 32),
    "not a number": _with(note={"x": float("nan")}),
    "a file for the folder": lambda path: (
        shutil.rmtree(path.parent), path.parent.write_text("x")
    )[0],
}  # fmt: skip
ARRAYS: dict[str, Damage] = FILES | {
    "missing": Path.unlink,
    "of another length": _arrays(lambda array: array[..., :-1]),
    "not finite": _arrays(_with_nan),
    "other arrays": lambda path: path.write_bytes(pack({"x": np.zeros(3)})),
}
