"""Arrays as downloads, numpy's `.npy`; figures as data, numbers or code."""

import io
from typing import Literal

import numpy as np
import plotly.graph_objects as go
from fastapi import Request, Response

from fretboard.analysis.export.record import Exported
from fretboard.analysis.export.write import snippet
from fretboard.core.arrays import portable
from fretboard.figures.table import table

NPY = "application/octet-stream"
FigureFormat = Literal["json", "csv", "py"]


def npy(values: np.ndarray, name: str) -> Response:
    """A `.npy` file; bfloat16, which plain numpy cannot read, goes out as float32."""
    buffer = io.BytesIO()
    np.save(buffer, portable(values), allow_pickle=False)
    attached = {"Content-Disposition": f'attachment; filename="{name}.npy"'}
    return Response(buffer.getvalue(), media_type=NPY, headers=attached)


def figure_as(
    figure: go.Figure, kind: FigureFormat, record: Exported, request: Request
) -> Response:
    """Plotly JSON, the numbers it shows (CSV), or the Python that draws it (`py`)."""
    if kind == "json":
        return Response(figure.to_json(), media_type="application/json")
    if kind == "csv":
        return Response(table(figure).to_csv(index=False), media_type="text/csv")
    code = snippet(record, server_of(request), figure.layout.meta["python"])
    return Response(code + "\n", media_type="text/x-python")


def server_of(request: Request) -> str:
    """The address that the client knows this server by."""
    return str(request.base_url).rstrip("/")
