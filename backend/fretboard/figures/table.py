"""The numbers that a figure shows, as a table: a row a point or cell, columns named by the axes."""

import html
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

if TYPE_CHECKING:
    import pandas as pd

TAG = re.compile(r"<[^>]*>")


def table(figure: go.Figure) -> "pd.DataFrame":
    """series, x, x in words, y, z, text, depth; what a figure has nothing of is left out.

    A map's paths and rings are left out too: they go through its points.
    """
    import pandas as pd  # half a second: not before a table is asked for

    shown = [
        trace
        for trace in figure.data
        if trace.visible is not False and dict(trace.meta or {}).get("part") in (None, "points")
    ]
    rows = pd.concat([_rows(trace, figure) for trace in shown], ignore_index=True)
    return rows.mask(rows.eq("")).dropna(axis="columns", how="all")


def _rows(trace: Any, figure: go.Figure) -> "pd.DataFrame":
    import pandas as pd

    names = dict(zip(("x", "y", "z"), _titles(trace, figure), strict=True))
    flat = _cells(trace, figure) if trace.type == "heatmap" else _points(trace)
    columns = {names.get(name, name): values for name, values in flat.items()}
    return pd.DataFrame({"series": _plain(trace.name), **columns})


def _points(trace: Any) -> dict[str, Any]:
    """Of lines, bars and markers."""
    values = {name: trace[name] for name in ("x", "y", "z") if name in trace and _has(trace[name])}
    if _has(trace.text):
        values["text"] = [_plain(text) for text in trace.text]
    if dict(trace.meta or {}).get("part") == "points":
        values["depth"] = [owner[1] for owner in trace.customdata]
    return values


def _cells(trace: Any, figure: go.Figure) -> dict[str, Any]:
    """Of a heatmap, row by row."""
    shown = np.asarray(trace.z)
    rows, columns = shown.shape
    y, x = (side.ravel() for side in np.indices(shown.shape))
    words = figure.layout.xaxis.ticktext
    values: dict[str, Any] = {"x": x if trace.x is None else np.asarray(trace.x)[x]}
    if words and len(words) == columns:
        values["word"] = [_plain(words[column]) for column in x]
    values |= {"y": y if trace.y is None else np.asarray(trace.y)[y], "z": shown.ravel()}
    if _has(trace.text):
        values["text"] = [_plain(text) for line in trace.text for text in line][: rows * columns]
    return values


def _titles(trace: Any, figure: go.Figure) -> list[str]:
    """Names of the columns."""
    scene = figure.layout.scene if trace.type == "scatter3d" else figure.layout
    z = trace.colorbar.title.text if trace.type == "heatmap" else None
    if trace.type == "scatter3d":
        z = scene.zaxis.title.text
    titles = (scene.xaxis.title.text, scene.yaxis.title.text, z)
    return [_plain(text) or axis for text, axis in zip(titles, "xyz", strict=True)]


def _has(values: Any) -> bool:
    return values is not None and not isinstance(values, str) and len(values) > 0


def _plain(text: str | None) -> str:
    return html.unescape(TAG.sub("", (text or "").replace("<br>", " "))).strip()
