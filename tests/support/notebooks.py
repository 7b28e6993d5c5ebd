"""Notebooks run as a kernel would run them, without one."""

import ast
import contextlib
import io
import json
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

FOLDER = Path(__file__).parents[2] / "notebooks"


def cells(path: Path) -> list[dict[str, Any]]:
    """Of a notebook, with their text as one string."""
    return [
        cell | {"source": "".join(cell["source"])} for cell in json.loads(path.read_text())["cells"]
    ]


def run(path: Path) -> tuple[dict[str, Any], list[str]]:
    """All code cells in order → the names they leave, and what each shows."""
    names: dict[str, Any] = {"__name__": "__main__"}
    code = [cell["source"] for cell in cells(path) if cell["cell_type"] == "code"]
    return names, [
        _shown(source, f"{path.name}:{place}", names) for place, source in enumerate(code)
    ]


def _shown(source: str, place: str, names: dict[str, Any]) -> str:
    """What is printed, and the last expression as a notebook shows it."""
    tree, last = ast.parse(source), None
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        last = ast.Expression(tree.body.pop().value)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(tree, place, "exec"), names)
        value = eval(compile(last, place, "eval"), names) if last else None
    return printed.getvalue() + _displayed(value)


def _displayed(value: Any) -> str:
    if isinstance(value, go.Figure):
        return str(value.to_json())
    html = getattr(value, "_repr_html_", None)
    return html() if html else "" if value is None else repr(value)
