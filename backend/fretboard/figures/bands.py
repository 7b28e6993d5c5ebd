"""The paper's three stages as quiet bands behind a chart whose x axis is the depth."""

import plotly.graph_objects as go

from fretboard.core.analysis import Analysis, Stages
from fretboard.figures.theme import Theme

BAND_OPACITY = 0.10
LABEL_TURNS = 0.6  # of the axis: beyond it a label to the right would be cut off
NAMES = ("rapid evolution", "stabilisation", "mutation")


def add_stage_bands(
    figure: go.Figure, analysis: Analysis, theme: Theme, token: int | None, last: float
) -> None:
    """Bands from 0 to `last`, for the answer's critical depth and the token's mutation depth."""
    mutation = analysis.tokens[token].mutation_depth if token is not None else None
    edges = stage_edges(analysis.stages, mutation, last)
    for name, color, (start, end) in zip(NAMES, theme.stages, edges, strict=True):
        if end > start:
            figure.add_vrect(
                x0=start,
                x1=end,
                fillcolor=color,
                opacity=BAND_OPACITY,
                line_width=0,
                layer="below",
                name=name,
            )
    if analysis.stages and analysis.stages.critical_depth is not None:
        _label_critical(figure, analysis.stages.critical_depth, analysis.stages, theme, last)


def stage_edges(
    stages: Stages | None, mutation: int | None, last: float
) -> list[tuple[float, float]]:
    """(start, end) of the three stages; empty ones where a node was not found."""
    if stages is None or stages.critical_depth is None:
        return [(0.0, 0.0)] * 3
    critical = float(stages.critical_depth)
    late = float(mutation) if mutation is not None else last
    return [(0.0, critical), (critical, late), (late, last)]


def _label_critical(
    figure: go.Figure, critical: int, stages: Stages, theme: Theme, last: float
) -> None:
    interval = stages.critical_interval
    spread = f" ({interval[0]}–{interval[1]})" if interval and interval[0] < interval[1] else ""
    figure.add_vline(
        x=critical,
        line={"color": theme.faint, "width": 1, "dash": "dot"},
        annotation={
            "text": f"critical depth {critical}{spread}",
            "font": {"size": 11, "color": theme.faint},
            "yref": "paper",
            "y": 1.0,
            "yanchor": "bottom",
            "xanchor": "right" if critical > LABEL_TURNS * last else "left",
            "showarrow": False,
        },
    )
