"""A checkpoint's `config.json`, read without transformers; a sentence on what is wrong with it."""

import json
import os
from pathlib import Path
from typing import Any

from fretboard.core.errors import UnknownModel

LFS_POINTER = b"version https://git-lfs.github.com/"


def read_config(path: Path) -> dict[str, Any]:
    """The object in `path`. Raises UnknownModel."""
    if not os.path.lexists(path):
        raise UnknownModel(f"{path.parent} holds no {path.name}: not a checkpoint folder.")
    content = read_json(path)
    if not isinstance(content, dict):
        kind = type(content).__name__
        raise UnknownModel(
            f"{path} holds a JSON {kind}, not an object of settings. Take the file "
            "from the checkpoint's source again."
        )
    return content


def check_file(path: Path) -> None:
    """Raises UnknownModel for a folder in a file's place, and for a link that ends nowhere."""
    if path.is_file():
        return
    what = "is a folder, not a file"
    if not path.is_dir():
        what = "is a link that leads to no file" if path.is_symlink() else "is not a plain file"
    raise UnknownModel(f"{path} {what}. Put the checkpoint's own file there.")


def read_json(path: Path) -> Any:
    """What a small JSON file holds. Raises UnknownModel that names the file."""
    check_file(path)
    data = path.read_bytes()
    if data.startswith(LFS_POINTER):
        raise UnknownModel(lfs_words(path))
    if data.startswith(b"\xef\xbb\xbf"):
        raise UnknownModel(
            f"{path} begins with a byte-order mark, which JSON has not and transformers does not "
            "read. Save it as plain UTF-8."
        )
    try:
        return json.loads(data.decode())  # UTF-8 alone, as transformers reads it
    except (ValueError, RecursionError) as error:
        raise UnknownModel(
            f"{path} is not JSON ({error}). Take the file from the checkpoint's source again."
        ) from error


def lfs_words(path: Path) -> str:
    """For a file that holds git-lfs's pointer instead of its content."""
    return (
        f"{path} is a git-lfs pointer, not the file itself. Run `git lfs pull` in the checkpoint's "
        "folder, or download the file."
    )
