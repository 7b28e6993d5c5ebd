"""What a maintainer needs to see a fault happen, in one archive, without what is the user's own."""

import getpass
import json
import platform
import re
import socket
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from fretboard import __version__
from fretboard.core.errors import FretboardError, InputError, NotFound
from fretboard.core.logs import LAST_ERROR
from fretboard.core.model_info import served_model
from fretboard.core.notes import notes_folder
from fretboard.core.settings import Settings
from fretboard.core.whole_file import read_file, replacing

PACKAGES = ("torch", "transformers", "tokenizers", "numpy", "scikit-learn", "plotly", "fastapi")
SMALL = 512 * 2**10  # bytes; of a larger file the name and size are told alone
TEXTS = {".json", ".jinja", ".txt"}
OWN_RECORD = ("analysis.json", "reading.json")
LOG_TAIL = 256 * 2**10  # bytes
SECRET = re.compile(r"(?i)(\b[a-z+]+://)[^\s/@]+@|(\bBearer\s+|\bhf_|token=)[\w.\-]+")


@dataclass
class Contents:
    """What goes into a report; all texts are cleaned of the user, the machine and secrets."""

    settings: Settings
    record: Path | None = None
    """A folder that `fretboard analyze` wrote."""
    log: Path | None = None
    image: bool = True


def versions() -> str:
    """Of Python, the system, Fretboard and what its numbers rest on, one a line."""
    lines = [f"fretboard {__version__}", f"python {platform.python_version()}", platform.platform()]
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            lines.append(f"{name} {version(name)}")
    return "\n".join(lines) + "\n"


def pack(contents: Contents, output: Path) -> list[str]:
    """Write the archive, whole or not at all; the names in it. Raises InputError, NotFound."""
    clean = cleaner()
    files = {"versions.txt": versions().encode()}
    files |= {name: clean(text).encode() for name, text in _texts(contents)}
    if contents.record and contents.image:
        pictures = sorted(contents.record.glob("image.*"))
        files |= {f"record/{path.name}": read_file(path) for path in pictures}
    try:
        with (
            replacing(output) as partial,
            zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            for name, data in files.items():
                archive.writestr(name, data)
    except OSError as error:
        raise InputError(f"{output} cannot be written: {error.strerror}.") from error
    return list(files)


def cleaner() -> Callable[[str], str]:
    """Replaces home folder, user, host, and the secret part of addresses and tokens."""
    own = [(str(Path.home()), "~"), (_user(), "USER"), (socket.gethostname(), "HOST")]
    # As a whole word: a user called `ana` is not in `analysis`.
    patterns = [
        (re.compile(rf"(?<![\w]){re.escape(text)}(?![\w])"), stand_in)
        for text, stand_in in own
        if len(text) > 2
    ]

    def clean(text: str) -> str:
        for pattern, stand_in in patterns:
            text = pattern.sub(stand_in, text)
        return SECRET.sub(
            lambda match: f"{match[1] or match[2]}SECRET" + "@" * bool(match[1]), text
        )

    return clean


def _texts(contents: Contents) -> Iterator[tuple[str, str]]:
    chosen = contents.settings.model_dump(mode="json", exclude_defaults=True)
    yield "settings.json", json.dumps(chosen, indent=1)  # secrets are stars there
    yield from _checkpoint(contents.settings.model)
    if contents.record is not None:
        present = [path for name in OWN_RECORD if (path := contents.record / name).is_file()]
        if not present:
            raise NotFound(f"{contents.record} holds no analysis: name the folder of one.")
        yield from ((f"record/{path.name}", _read(path)) for path in present)
    for name, log in (("log.txt", contents.log), ("last-error.txt", notes_folder() / LAST_ERROR)):
        if log is not None and (log.is_file() or name == "log.txt"):
            yield name, _read(log)[-LOG_TAIL:]


def _checkpoint(model: str) -> Iterator[tuple[str, str]]:
    """A checkpoint folder's small files and a list of all; the reason where there is none."""
    try:
        served = served_model(model)
    except FretboardError as error:
        yield "checkpoint/files.txt", f"{model}: {error.detail}\n"
        return
    folder = Path(served.source)
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
    listed = [f"{path.stat().st_size:>12} {path.relative_to(folder)}" for path in files]
    yield "checkpoint/files.txt", "\n".join([f"{model} {served.revision}", *listed]) + "\n"
    for path in files:
        if path.suffix in TEXTS and path.stat().st_size <= SMALL:
            yield f"checkpoint/{path.relative_to(folder)}", _read(path)


def _read(path: Path) -> str:
    return read_file(path).decode("utf-8", errors="replace")


def _user() -> str:
    with suppress(OSError, KeyError):
        return getpass.getuser()
    return ""
