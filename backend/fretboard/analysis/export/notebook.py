"""A notebook that opens a record with the package and draws its figures."""

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from fretboard.analysis.export.citation import bibtex
from fretboard.analysis.export.record import Exported

KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


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
