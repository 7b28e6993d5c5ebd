"""The answer's hidden states on a two-dimensional map, one path per token, coloured by depth."""

import numpy as np
import plotly.graph_objects as go

from fretboard.document import Analysis
from fretboard.figures.theme import SEQUENTIAL, THEMES, Theme, ThemeName, base_figure, readable

PATH_OPACITY = 0.35
MARKER_SIZE = 7


def trajectory_figure(
    analysis: Analysis, points: np.ndarray, note: str, theme: ThemeName = "light"
) -> go.Figure:
    """Scatter with paths. points: (depth 1…L, token, 2); note: how it was made, how good."""
    colors = THEMES[theme]
    tokens = points.shape[1]
    figure = base_figure(colors, {"axis": "map", "note": note, "tokens": tokens})
    for token in range(tokens):
        figure.add_scatter(
            x=points[:, token, 0],
            y=points[:, token, 1],
            mode="lines",
            line={"color": colors.faint, "width": 1, "shape": "spline", "smoothing": 0.6},
            opacity=PATH_OPACITY,
            hoverinfo="skip",
            meta={"token": token, "part": "path"},
        )
    _add_points(figure, analysis, points, colors)
    side = {"showgrid": False, "showticklabels": False, "ticks": "", "zeroline": False}
    figure.update_xaxes(**side, title={"text": "map axis 1 (no unit)"})
    figure.update_yaxes(**side, title={"text": "map axis 2 (no unit)"})
    figure.update_yaxes(scaleanchor="x", scaleratio=1)
    figure.update_layout(margin={"l": 36, "b": 36})
    return figure


def _add_points(figure: go.Figure, analysis: Analysis, points: np.ndarray, theme: Theme) -> None:
    depths, tokens, _ = points.shape
    depth_of, token_of = np.meshgrid(np.arange(1, depths + 1), np.arange(tokens), indexing="ij")
    labels = [readable(token.text) for token in analysis.tokens]
    figure.add_scatter(
        x=points[..., 0].ravel(),
        y=points[..., 1].ravel(),
        mode="markers",
        marker={
            "color": depth_of.ravel().astype(np.int32),
            "colorscale": SEQUENTIAL,
            "cmin": 0,
            "cmax": depths,
            "size": MARKER_SIZE,
            "line": {"color": theme.faint, "width": 0.5},
            "colorbar": {
                "title": {"text": "depth (layers applied)", "side": "right", "font": {"size": 13}},
                "thickness": 10,
                "outlinewidth": 0,
            },
        },
        text=[labels[token] for token in token_of.ravel()],
        customdata=np.stack([token_of.ravel(), depth_of.ravel()], axis=1).astype(np.int32),
        hovertemplate="token %{customdata[0]} %{text}, depth %{customdata[1]}<extra></extra>",
        meta={"part": "points"},
    )
