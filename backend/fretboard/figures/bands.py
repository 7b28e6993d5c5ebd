"""The paper's three stages as quiet bands behind a chart whose x axis is the depth."""

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.basedatatypes import BasePlotlyType

from fretboard.core.analysis import Analysis, Stages
from fretboard.figures.theme import Theme

BAND_OPACITY = 0.10
LABEL_TURNS = 0.6  # of the axis: beyond it a label to the right would be cut off
UPRIGHT = {"xref": "x", "y0": 0, "y1": 1, "yref": "y domain"}  # from edge to edge
NAMES = ("rapid evolution", "stabilisation", "mutation")


def add_stage_bands(
    figure: go.Figure, analysis: Analysis, theme: Theme, token: int | None, last: float
) -> None:
    """Bands from 0 to `last`, for the answer's critical depth and the token's mutation depth."""
    mutation = analysis.tokens[token].mutation_depth if token is not None else None
    edges = stage_edges(analysis.stages, mutation, last)
    shapes: list[dict[str, Any]] = [
        {
            "type": "rect", "x0": start, "x1": end, "fillcolor": color, "opacity": BAND_OPACITY,
            "line": {"width": 0}, "layer": "below", "name": name, **UPRIGHT,
        }
        for name, color, (start, end) in zip(NAMES, theme.stages, edges, strict=True)
        if end > start
    ]  # fmt: skip
    notes: list[dict[str, Any]] = []
    if analysis.stages and analysis.stages.critical_depth is not None:
        critical = analysis.stages.critical_depth
        line = {"color": theme.faint, "width": 1, "dash": "dot"}
        shapes.append({"type": "line", "x0": critical, "x1": critical, "line": line, **UPRIGHT})
        notes.append(_critical_label(critical, analysis.stages, theme, last))
    add_marks(figure, shapes, notes)


def add_marks(figure: go.Figure, shapes: Sequence[dict], notes: Sequence[dict]) -> None:
    """Shapes and annotations at once: plotly.py checks all of them anew with each that is added."""
    # Assigned: `update_layout` merges them one by one, which takes five times as long.
    figure.layout.shapes = (*figure.layout.shapes, *shapes)
    figure.layout.annotations = (*figure.layout.annotations, *notes)


def put(part: Any, values: Mapping[str, Any]) -> None:
    """Set parts of a layout as `update` does, without its look at the whole figure each time."""
    for name, value in values.items():
        if isinstance(value, dict) and isinstance(part[name], BasePlotlyType):
            put(part[name], value)
        else:
            part[name] = value


def stage_edges(
    stages: Stages | None, mutation: int | None, last: float
) -> list[tuple[float, float]]:
    """(start, end) of the three stages; empty ones where a node was not found."""
    if stages is None or stages.critical_depth is None:
        return [(0.0, 0.0)] * 3
    critical = float(stages.critical_depth)
    late = float(mutation) if mutation is not None else last
    return [(0.0, critical), (critical, late), (late, last)]


def _critical_label(critical: int, stages: Stages, theme: Theme, last: float) -> dict[str, Any]:
    interval = stages.critical_interval
    spread = f" ({interval[0]}–{interval[1]})" if interval and interval[0] < interval[1] else ""
    return {
        "text": f"critical depth {critical}{spread}",
        "font": {"size": 11, "color": theme.faint},
        "x": critical,
        "xref": "x",
        "yref": "paper",
        "y": 1.0,
        "yanchor": "bottom",
        "xanchor": "right" if critical > LABEL_TURNS * last else "left",
        "showarrow": False,
    }
