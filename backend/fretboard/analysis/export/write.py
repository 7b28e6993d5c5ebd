"""Write a record as a file: the one way of the server, the command line and notebooks."""

from pathlib import Path
from typing import IO, Literal

from fretboard.analysis.export.archive import Packing
from fretboard.analysis.export.citation import bibtex
from fretboard.analysis.export.notebook import notebook
from fretboard.analysis.export.page import render
from fretboard.analysis.export.record import Exported
from fretboard.core.errors import InputError
from fretboard.core.whole_file import replacing
from fretboard.figures.theme import ThemeName

Format = Literal["zip", "html", "ipynb", "bib"]
MEDIA: dict[Format, str] = {
    "zip": "application/zip",
    "html": "text/html; charset=utf-8",
    "ipynb": "application/x-ipynb+json",
    "bib": "application/x-bibtex",
}


def format_of(path: Path) -> Format:
    """By the suffix. Raises InputError for another one."""
    suffix = path.suffix.lower().removeprefix(".")
    kind = next((known for known in MEDIA if suffix == known), None)
    if kind is None:
        raise InputError(f"{path.name}: write it as {', '.join(f'.{name}' for name in MEDIA)}.")
    return kind


def export(
    record: Exported, path: str | Path, server: str = "", theme: ThemeName = "light"
) -> Path:
    """Write or replace the file, once it is whole; by its suffix one of `Format`. Returns its path.

    server: the address of the server that has the record, for links. Raises InputError.
    """
    place = Path(path).expanduser()
    kind = format_of(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    with replacing(place) as partial, partial.open("wb") as file:
        write(record, kind, file, server, theme)
    return place


def write(
    record: Exported, kind: Format, file: IO[bytes], server: str = "", theme: ThemeName = "light"
) -> None:
    """Into an open file."""
    cited = bibtex(record.name, f"{server}{record.link}" if server else "")
    if kind == "zip":
        packing = Packing(file, record.kind, *record.record)
        record.pack(packing)
        packing.add("citation.bib", cited.encode())
        packing.close()
        return
    texts = {
        "html": lambda: render(record.page(theme), theme),
        "ipynb": lambda: notebook(record, server),
        "bib": lambda: cited,
    }
    file.write(texts[kind]().encode())
