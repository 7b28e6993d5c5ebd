"""The face's calls as tools of the Model Context Protocol, by the official SDK (`[mcp]`)."""

import functools
import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go
from mcp.server.mcpserver import Image, MCPServer
from mcp.server.mcpserver.exceptions import ToolError

from fretboard.core.errors import FretboardError, InputError, Unavailable, said
from fretboard.face.analysis_view import AnalysisView
from fretboard.face.comparison import Comparison
from fretboard.face.server import Server
from fretboard.figures.export import write_figure

if TYPE_CHECKING:
    from fretboard.face.model_view import Model

ABOUT = (
    "Fretboard reads every decoder layer of a vision-language model out through the model's own "
    "head. Depth 0 is the embeddings, depth L the answer. `analyze` first; the others take its id. "
    "A candidate that leads for several depths and is then overturned is a late reversal. "
    "Where it says that no stages were found, there is no critical depth to speak of."
)
MOST_CANDIDATES = 12
Result = list[str | Image]


class Tools:
    """Over a model in this process, or a server; what was asked is kept by its id."""

    def __init__(self, place: "Model | Server") -> None:
        self.place = place
        self._known: dict[str, AnalysisView] = {}

    def analyze(
        self,
        prompt: str,
        image: str | None = None,
        max_new_tokens: int = 64,
        skip_layers: str = "",
        repair: str = "none",
        steering: str = "",
    ) -> Result:
        """Ask the model. image: path of a file on this machine. skip_layers: such as "6-9".

        steering: "red away=blue depths=6" adds a direction, "red swap=blue depths=6" swaps two.

        Returns answer, tokens with the story of each over the layers, stages, and the fretboard.
        """
        fields = {"max_new_tokens": max_new_tokens, "skip_layers": skip_layers, "repair": repair}
        fields["steering"] = steering
        picture = Path(image).expanduser() if image else None
        view = self.place.analyze(picture, prompt, **fields)
        return [_said(view), *_drawn(lambda: view.heatmap("leader"))]

    def read(self, id: str, lens: str = "normed", stages: str = "automatic") -> Result:
        """Another reading: lens normed, raw or difference; stages automatic or paper."""
        view = self._view(id).read(lens=lens, stages=stages)
        return [_said(view), *_drawn(lambda: view.heatmap("leader"))]

    def competition(self, id: str, token: int, words: list[str] | None = None) -> Result:
        """Which words compete at a token: each one's probability by depth; words: more to show."""
        figure = self._view(id).competition(token, words or [])
        curves = [_curve(trace) for trace in figure.data if trace.name]
        return [
            _json({"token": token, "candidates": curves[:MOST_CANDIDATES]}),
            *_drawn(lambda: figure),
        ]

    def compare(self, id: str, other: str) -> Result:
        """Two analyses on shared axes: both answers, mean JSD by depth."""
        both = Comparison(self._view(id), self._view(other))
        figure = both.profile()
        curves = [_curve(trace) for trace in figure.data if trace.showlegend is not False]
        return [_json({"answers": both.answers, "mean_jsd": curves}), *_drawn(lambda: figure)]

    def test(self, id: str, kind: str, token: int | None = None, rival: str = "") -> Result:
        """A causal test: knockout, patching, attribution or cut; token: of that one alone."""
        if isinstance(self.place, Server):
            raise InputError(
                "Causal tests need the model here: start `fretboard mcp` without --url."
            )
        done = self.place.test(self._view(id), kind, rival=rival)
        finding = done.find(token)
        result = {"finding": finding.sentence, "numbers": finding.numbers}
        return [_json(result), *_drawn(lambda: done.figure(token))]

    def _view(self, analysis_id: str) -> AnalysisView:
        if analysis_id not in self._known:
            self._known[analysis_id] = self.place.open(analysis_id)
        return self._known[analysis_id]


def build_server(place: "Model | Server") -> MCPServer:
    """With five tools; a mistake in a call is answered in one sentence."""
    server: MCPServer = MCPServer("fretboard", instructions=ABOUT)
    tools = Tools(place)
    for tool in (tools.analyze, tools.read, tools.competition, tools.compare, tools.test):
        server.tool(structured_output=False)(_answering(tool))
    return server


def _answering(tool: Callable[..., Result]) -> Callable[..., Result]:
    """Other exceptions' texts the SDK keeps to itself."""

    @functools.wraps(tool)
    def call(**arguments: Any) -> Result:
        try:
            return tool(**arguments)
        except FretboardError as error:
            raise ToolError(said(error)) from error

    return call


def _said(view: AnalysisView) -> str:
    stages = view.stages
    return _json(
        {
            "id": view.id,
            "model": view.document.model.name,
            "layers": view.document.model.layers,
            "answer": view.answer,
            "lens": view.reading.lens.value,
            "critical_depth": stages.critical_depth if stages else None,
            "no_stages": stages.reason if stages else None,
            "tokens": [
                {
                    "index": token.index,
                    "text": token.text,
                    "probability": token.probability,
                    "story": token.story,
                    "flagged": bool(token.flag and token.flag.flagged),
                }
                for token in view.tokens
            ],
        }
    )


def _curve(trace: Any) -> dict[str, Any]:
    values = [round(float(value), 4) for value in np.asarray(trace.y, dtype=float)]
    return {"name": trace.name, "by_depth": values}


def _drawn(draw: Callable[[], go.Figure]) -> Result:
    """As PNG; a sentence where this machine has no browser that draws it."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "figure.png"
        try:
            write_figure(draw(), path)
        except Unavailable as error:
            return [f"No picture: {error.detail}"]
        return [Image(data=path.read_bytes(), format="png")]


def _json(values: dict[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False)
