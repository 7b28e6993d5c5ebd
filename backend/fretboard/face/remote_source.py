"""Analyses that lie on a server, as `Source`."""

import base64
import io
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from fretboard.analysis.figure_options import FigureOptions
from fretboard.analysis.figures import Subject
from fretboard.analysis.source import Source
from fretboard.core.analysis import Analysis
from fretboard.core.errors import InputError
from fretboard.core.map_settings import MapQuery
from fretboard.core.reading import Reading
from fretboard.core.validation import query_of

if TYPE_CHECKING:
    from fretboard.face.server import Server


class RemoteSource:
    """`Source` over HTTP."""

    def __init__(self, connected: "Server") -> None:
        self._server, self.server = connected, connected.url

    def read(self, document: Analysis, reading: Reading) -> Analysis:
        answer = self._server.get(f"/api/analyses/{document.id}", **query_of(reading))
        return Analysis.model_validate_json(answer.content)

    def array(self, document: Analysis, name: str, reading: Reading) -> np.ndarray:
        chosen = {
            "lens": reading.lens.value,
            "divergence": reading.divergence.value,
            "sublayers": str(reading.sublayers),
        }
        return self._npy(document, f"arrays/{name}", **chosen)

    def figure(
        self,
        name: str,
        subject: Subject,
        options: FigureOptions,
        settings: MapQuery,
        beside: Source | None = None,
    ) -> go.Figure:
        query = query_of(subject.reading) | query_of(options) | query_of(settings)
        if "scaling" in query:  # in an address: of a map, not of a figure
            query["map_scaling"] = query.pop("scaling")
        if subject.beside is not None:
            if not (isinstance(beside, RemoteSource) and beside.server == self.server):
                raise InputError(
                    "The two lie in different places: `.save` both into folders, `open` these, "
                    "then compare."
                )
            other, reading = subject.beside
            query |= {"beside": other.id, "beside_lens": reading.lens.value}
        answer = self._server.get(f"/api/analyses/{subject.analysis.id}/figures/{name}", **query)
        return go.Figure(_decoded(answer.json()))

    def image(self, document: Analysis) -> bytes:
        return self._server.get(f"/api/analyses/{document.id}/image").content

    def tokenizer(self, document: Analysis) -> str:
        return self._server.get(f"/api/analyses/{document.id}/tokenizer").text

    def _npy(self, document: Analysis, path: str, **query: str) -> np.ndarray:
        answer = self._server.get(f"/api/analyses/{document.id}/{path}", **query)
        values: np.ndarray = np.load(io.BytesIO(answer.content))
        return values


def _decoded(value: Any) -> Any:
    """Plotly's JSON form of arrays (`dtype`, `bdata`, `shape`) back into numpy's, at any depth."""
    if isinstance(value, list):
        return [_decoded(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "bdata" in value:
        flat = np.frombuffer(base64.b64decode(value["bdata"]), value["dtype"])
        shape = [int(side) for side in str(value.get("shape", flat.size)).split(",")]
        return flat.reshape(shape)
    return {name: _decoded(item) for name, item in value.items()}
