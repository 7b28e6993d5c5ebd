"""Write a record as a file: the one way of the server, the command line and notebooks."""

from pathlib import Path
from typing import IO, Literal, get_args

from fretboard.analysis.export.archive import Kind, Packing
from fretboard.analysis.export.causal_tests import TestExport
from fretboard.analysis.export.citation import bibtex
from fretboard.analysis.export.comparisons import ComparisonExport
from fretboard.analysis.export.image_sets import SetExport
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
    for known in get_args(Format):
        if suffix == known:
            return known
    known = ", ".join(f".{name}" for name in get_args(Format))
    raise InputError(f"{path.name}: write it as {known}.")


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
        packing = Packing(file, *_what(record))
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


def _what(record: Exported) -> tuple[Kind, str, str]:
    """Kind of an archive, id of its set or test, token position of its set."""
    match record:
        case SetExport():
            return "image set", record.document.id, record.role
        case TestExport():
            return "causal test", record.document.id, ""
        case ComparisonExport():
            return "comparison", "", ""
    return "analysis", "", ""
