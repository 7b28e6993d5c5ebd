"""Divergence of adjacent depths: the selected token against the mean of all tokens."""

from itertools import pairwise

import numpy as np
import plotly.graph_objects as go

from fretboard.core.analysis import Analysis
from fretboard.core.arrays import UNITS_OF_DIVERGENCE
from fretboard.core.reading import Reading
from fretboard.figures.bands import add_stage_bands, put
from fretboard.figures.quantities import NAMES_OF_DIVERGENCE, NAMES_OF_LENS, label, scaled
from fretboard.figures.theme import (
    THEMES,
    ThemeName,
    add_curve,
    base_figure,
    depth_axis,
    depths_of,
    legend_above,
    middles_of,
    readable,
)


def divergence_figure(
    analysis: Analysis,
    values: np.ndarray,
    token: int,
    reading: Reading | None = None,
    theme: ThemeName = "light",
    beside: np.ndarray | None = None,
) -> go.Figure:
    """Two lines over the pairs (d, d+1). values: (pair, token), unscaled.

    beside: the same of another analysis whose axis is to be shared.
    """
    reading = reading or Reading(lens=analysis.request.lens)
    colors = THEMES[theme]
    unit = UNITS_OF_DIVERGENCE[reading.divergence]
    values = scaled(values, reading.scale)
    figure = base_figure(colors, {"axis": "pair", "token": token, **reading.as_meta()})
    layers = analysis.model.layers
    ends = depths_of(len(values) + 1, layers)
    middles = middles_of(ends).astype(np.float32)
    pairs = [f"({a:g}, {b:g})" for a, b in pairwise(ends.tolist())]
    shown = f"pair %{{customdata}}: %{{y:.4g}} {unit}<extra>{NAMES_OF_LENS[reading.lens]}</extra>"
    name = f"token {token} {readable(analysis.tokens[token].text)}"
    for legend, curve, color, width in (
        ("mean of all tokens", values.mean(axis=1), colors.faint, 1.5),
        (name, values[:, token], colors.ink, 2.5),
    ):
        y, hover = curve.astype(np.float32), f"{legend}<br>{shown}"
        add_curve(figure, middles, y, color, hover, width, name=legend, customdata=pairs)
    name = NAMES_OF_DIVERGENCE[reading.divergence]
    put(figure.layout, {
        "xaxis": depth_axis(layers) | {"range": [0, layers], "showgrid": False},
        "yaxis": {
            "title": {"text": f"{name} ({label(unit, reading)})"},
            "range": _shared_range(values, beside, reading),
            "rangemode": "tozero",
            "nticks": 6,
            "exponentformat": "power",
        },
        "showlegend": True,
        "legend": legend_above(1.12),
        "margin": {"t": 56},
    })  # fmt: skip
    add_stage_bands(figure, analysis, colors, token, layers)
    return figure


def _shared_range(
    values: np.ndarray, beside: np.ndarray | None, reading: Reading
) -> list[float] | None:
    """The range that holds both analyses; None leaves it to Plotly."""
    if beside is None:
        return None
    both = np.concatenate([values.ravel(), scaled(beside, reading.scale).ravel()])
    return [float(min(both.min(), 0)) * 1.05, float(max(both.max(), 0)) * 1.05]
