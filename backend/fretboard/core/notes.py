"""Small facts that are dear to find and safe to lose, in the user's cache folder.

A file's digest, a check that was passed. One file a fact, replaced as a whole: processes may write
at the same time. Where the folder cannot be written, facts are found anew each time.
"""

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from platformdirs import user_cache_path


def recall(kind: str, *key: object) -> str | None:
    """What was noted under the key, or None."""
    try:
        return _path(kind, key).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def note(text: str, kind: str, *key: object) -> None:
    """Keep `text` under the key, where the folder can be written."""
    path = _path(kind, key)
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as partial:
            partial.write(text)
        os.replace(partial.name, path)


def notes_folder() -> Path:
    """`~/.cache/fretboard`, or as XDG_CACHE_HOME says."""
    return user_cache_path("fretboard")


def _path(kind: str, key: tuple[object, ...]) -> Path:
    name = hashlib.sha256("\n".join(map(str, key)).encode()).hexdigest()
    return notes_folder() / kind / name[:32]
