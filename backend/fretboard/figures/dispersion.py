"""Between-image dispersion per depth, its change point, and the critical depths beside it."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from fretboard.figures.theme import THEMES, ThemeName, base_figure, curve, depth_axis, rgba

UNIT = "1 − mean cosine between images (no unit)"
INTERVAL_OPACITY = 0.18


def dispersion_figure(
    profile: np.ndarray,
    note: dict[str, Any],
    critical: list[int],
    layers: int,
    theme: ThemeName = "light",
) -> go.Figure:
    """profile: (depth from note's first_depth,); critical: the members' critical depths."""
    colors = THEMES[theme]
    neck = note["neck_end"]
    figure = base_figure(colors, {"axis": "depth", "unit": UNIT, **note})
    first = note["first_depth"]
    if neck["interval"]:
        low, high = neck["interval"]
        figure.add_vrect(
            x0=low - 0.5, x1=high + 0.5, fillcolor=rgba(colors.accent, INTERVAL_OPACITY),
            line_width=0, layer="below", name="interval of the change point",
        )  # fmt: skip
    depths = np.arange(first, first + len(profile), dtype=np.int32)
    hover = "%{y:.3f} at depth %{x}<extra></extra>"
    figure.add_trace(curve(depths, profile.astype(np.float32), colors.ink, hover))
    if neck["depth"] is not None:
        _mark(figure, neck["depth"], f"body from depth {neck['depth']}", colors.accent, "bottom")
    if critical:
        middle = float(np.median(critical))
        _mark(figure, middle, f"critical depth {middle:g} (median)", colors.faint, "top")
    figure.update_xaxes(**depth_axis(layers), range=[0, layers + 0.2], showgrid=False)
    figure.update_yaxes(title={"text": UNIT}, rangemode="tozero", nticks=6)
    figure.update_layout(margin={"t": 28})
    return figure


def _mark(figure: go.Figure, depth: float, text: str, color: str, side: str) -> None:
    figure.add_vline(
        x=depth,
        line={"color": color, "width": 1, "dash": "dot"},
        annotation={
            "text": text,
            "font": {"size": 11, "color": color},
            "yref": "paper",
            "y": 1.0 if side == "top" else 0.02,
            "yanchor": "bottom",
            "xanchor": "left",
            "showarrow": False,
        },
    )
