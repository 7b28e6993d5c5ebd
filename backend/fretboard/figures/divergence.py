"""Divergence of adjacent depths: the selected token against the mean of all tokens."""

import numpy as np
import plotly.graph_objects as go

from fretboard.catalogue import UNITS_OF_DIVERGENCE
from fretboard.document import Analysis, Divergence, Lens
from fretboard.figures.bands import add_stage_bands
from fretboard.figures.theme import THEMES, ThemeName, base_figure, depth_axis, readable

NAMES = {
    Divergence.JSD: "JSD",
    Divergence.PAPER_CODE: "the paper's published code",
    Divergence.SYMMETRIC_KL: "symmetric KL",
}


def divergence_figure(
    analysis: Analysis,
    values: np.ndarray,
    token: int,
    lens: Lens = Lens.NORMED,
    divergence: Divergence = Divergence.JSD,
    theme: ThemeName = "light",
) -> go.Figure:
    """Two lines over the pairs (d, d+1). values: (pair, token)."""
    colors = THEMES[theme]
    unit = UNITS_OF_DIVERGENCE[divergence]
    figure = base_figure(
        colors, {"axis": "pair", "token": token, "lens": lens, "divergence": divergence}
    )
    middles = np.arange(len(values), dtype=np.float32) + 0.5  # a pair lies between two depths
    name = readable(analysis.tokens[token].text)
    curves = (
        ("mean of all tokens", values.mean(axis=1), colors.faint, 1.5),
        (f"token {token} {name}", values[:, token], colors.ink, 2.5),
    )
    for label, curve, color, width in curves:
        figure.add_scatter(
            x=middles,
            y=curve.astype(np.float32),
            mode="lines+markers",
            marker={"size": 5},
            name=label,
            line={"color": color, "width": width},
            customdata=[f"({d}, {d + 1})" for d in range(len(values))],
            hovertemplate=f"{label}<br>pair %{{customdata}}: %{{y:.4g}} {unit}"
            f"<extra>{lens} lens</extra>",
        )
    layers = analysis.model.layers
    figure.update_xaxes(**depth_axis(layers), range=[0, layers], showgrid=False)
    figure.update_yaxes(
        title={"text": f"{NAMES[divergence]} ({unit})"},
        rangemode="tozero",
        nticks=6,
        exponentformat="power",
    )
    figure.update_layout(
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1.12, "yanchor": "bottom", "font": {"size": 12}},
        margin={"t": 56},
    )
    add_stage_bands(figure, analysis, colors, token, layers)
    return figure
