"""Write a record as a file: the one way of the server, the command line and notebooks."""

from pathlib import Path
from typing import IO, Literal

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from fretboard import __version__
from fretboard.analysis.export.archive import Packing
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
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
PAPER = """@inproceedings{wang2025knowledge,
  title     = {Towards Understanding How Knowledge Evolves in Large Vision-Language Models},
  author    = {Wang, Sudong and Zhang, Yunjian and Zhu, Yao and Li, Jianing and Wang, Zizhe and
               Liu, Yanwei and Ji, Xiangyang},
  booktitle = {Proceedings of the IEEE/CVF Conference on Computer Vision and Pattern Recognition},
  pages     = {29858--29868},
  year      = {2025},
  eprint    = {2504.02862},
  archivePrefix = {arXiv}
}
"""


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
        with Packing(file, record.kind, *record.record) as packing:
            record.pack(packing)
            packing.add("citation.bib", cited.encode())
        return
    texts = {
        "html": lambda: render(record.page(theme), theme),
        "ipynb": lambda: notebook(record, server),
        "bib": lambda: cited,
    }
    file.write(texts[kind]().encode())


def snippet(record: Exported, server: str, call: str = "") -> str:
    """Python that opens a record and, with a `call`, draws one figure of it."""
    return "\n".join(filter(None, ["import fretboard as fb\n", record.opened(server), call]))


def notebook(record: Exported, server: str) -> str:
    """.ipynb, version 4.5. server: where the record lies; `""`: in the archive beside."""
    link = f"[{record.name}]({server}{record.link})" if server else f"`{record.name}.zip`"
    cells = [
        new_markdown_cell(f"# {record.title}\n\n{link}, made with Fretboard."),
        new_code_cell(snippet(record, server)),
    ]
    for cell in record.cells():
        cells += [new_markdown_cell(cell.words)] if cell.words else []
        cells.append(new_code_cell(cell.code))
    cited = bibtex(record.name, f"{server}{record.link}" if server else "")
    cells.append(new_markdown_cell(f"## To cite\n\n```bibtex\n{cited}```"))
    for place, cell in enumerate(cells):
        cell["id"] = f"cell-{place}"  # not drawn by lot: the same record gives the same file
    notebook = new_notebook(cells=cells, metadata=KERNEL)
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"


def bibtex(what: str, link: str) -> str:
    """what: the record, such as `analysis 0a1b…`; link: where it lies, or `""`."""
    note = f"Version {__version__}; {what}"
    url = f"  url     = {{{link}}},\n" if link else ""
    return (
        "@software{fretboard,\n"
        "  title   = {Fretboard: how a vision-language model's answer takes shape, "
        "layer by layer},\n"
        "  author  = {{The Fretboard contributors}},\n"
        f"  version = {{{__version__}}},\n{url}"
        f"  note    = {{{note}}}\n}}\n\n{PAPER}"
    )
