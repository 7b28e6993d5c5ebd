"""Files: there whole or not at all when written, in one sentence where they cannot be read."""

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fretboard.core.errors import InputError

LONGEST_NAME = 400  # characters of a path that a sentence repeats


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Inside: where to write; it takes the place of `path` at the end, and is gone on a failure.

    Its own for each process and thread, so that two may write the same file at once.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        yield partial
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Replace the file at `path`."""
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Replace the file at `path`; estimates within become their fields."""
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False, default=asdict)
    write_text(path, text + "\n")


def read_file(path: Path) -> bytes:
    """Its bytes. Raises InputError that names the file."""
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        reason = getattr(error, "strerror", None) or str(error)
        name = " ".join(str(path).split())
        short = f"{name[:LONGEST_NAME]}…" if len(name) > LONGEST_NAME else name
        raise InputError(f"{short} cannot be read: {reason}.") from error
