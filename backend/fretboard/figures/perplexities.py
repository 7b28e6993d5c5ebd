"""The same points at several perplexities, small and side by side: what stays is in the data."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from fretboard.figures.theme import SEQUENTIAL, THEMES, ThemeName, base_figure

MARKER_SIZE = 3
SIZE = (1180, 320)  # px: the maps stand side by side


def perplexities_figure(
    points: np.ndarray, notes: list[dict[str, Any]], theme: ThemeName = "light"
) -> go.Figure:
    """points: (map, depth, string, 2 or 3), the first two dimensions drawn; coloured by depth."""
    colors = THEMES[theme]
    titles = [
        f"perplexity {note['settings']['perplexity']:.3g}<br>"
        f"trustworthiness {note['quality']['trustworthiness']:.2f}"
        for note in notes
    ]
    ground = base_figure(colors, {"axis": "map", "maps": len(points), "size": SIZE})
    figure = make_subplots(
        1, len(points), subplot_titles=titles, horizontal_spacing=0.02, figure=ground
    )
    first = notes[0]["first_depth"]
    depths = np.arange(first, first + points.shape[1]).repeat(points.shape[2]).astype(np.int32)
    for column, places in enumerate(points, 1):
        flat = places.reshape(-1, places.shape[-1])
        figure.add_scatter(
            x=flat[:, 0],
            y=flat[:, 1],
            mode="markers",
            name=titles[column - 1].partition("<br>")[0],
            marker={"size": MARKER_SIZE, "color": depths, "colorscale": SEQUENTIAL},
            customdata=depths,
            hovertemplate="depth %{customdata}<extra></extra>",
            row=1,
            col=column,
        )
        anchor = "x" if column == 1 else f"x{column}"
        figure.update_yaxes(scaleanchor=anchor, scaleratio=1, row=1, col=column)
    side = {"showgrid": False, "showticklabels": False, "ticks": "", "zeroline": False}
    figure.update_xaxes(**side, title={"text": ""}).update_yaxes(**side, title={"text": ""})
    figure.update_annotations(font={"size": 11, "color": colors.faint})
    return figure.update_layout(margin={"l": 8, "r": 8, "t": 44, "b": 8})
