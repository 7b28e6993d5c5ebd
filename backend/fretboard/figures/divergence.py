"""Divergence of adjacent depths: the selected token against the mean of all tokens."""

from itertools import pairwise
from typing import Any

import numpy as np
import plotly.graph_objects as go

from fretboard.core.analysis import Analysis
from fretboard.core.arrays import UNITS_OF_DIVERGENCE
from fretboard.core.reading import Reading
from fretboard.figures.bands import stage_bands
from fretboard.figures.quantities import NAMES_OF_DIVERGENCE, NAMES_OF_LENS, label, scaled
from fretboard.figures.theme import (
    THEMES,
    Theme,
    ThemeName,
    base_figure,
    curve,
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
    colors, layers = THEMES[theme], analysis.model.layers
    values = scaled(values, reading.scale)
    unit = label(UNITS_OF_DIVERGENCE[reading.divergence], reading)
    bands, notes = stage_bands(analysis, colors, token, layers)
    return base_figure(
        colors,
        {"axis": "pair", "token": token, **reading.as_meta()},
        _lines(analysis, values, token, reading, colors),
        xaxis=depth_axis(layers) | {"range": [0, layers], "showgrid": False},
        yaxis={
            "title": {"text": f"{NAMES_OF_DIVERGENCE[reading.divergence]} ({unit})"},
            "range": _shared_range(values, beside, reading),
            "rangemode": "tozero",
            "nticks": 6,
            "exponentformat": "power",
        },
        showlegend=True,
        legend=legend_above(1.12),
        margin={"t": 56},
        shapes=bands,
        annotations=notes,
    )


def _lines(
    analysis: Analysis, values: np.ndarray, token: int, reading: Reading, theme: Theme
) -> list[dict[str, Any]]:
    ends = depths_of(len(values) + 1, analysis.model.layers)
    middles = middles_of(ends).astype(np.float32)
    pairs = [f"({a:g}, {b:g})" for a, b in pairwise(ends.tolist())]
    unit, lens = UNITS_OF_DIVERGENCE[reading.divergence], NAMES_OF_LENS[reading.lens]
    shown = f"pair %{{customdata}}: %{{y:.4g}} {unit}<extra>{lens}</extra>"
    name = f"token {token} {readable(analysis.tokens[token].text)}"
    return [
        curve(middles, row.astype(np.float32), color, f"{legend}<br>{shown}", width,
              name=legend, customdata=pairs)
        for legend, row, color, width in (
            ("mean of all tokens", values.mean(axis=1), theme.faint, 1.5),
            (name, values[:, token], theme.ink, 2.5),
        )
    ]  # fmt: skip


def _shared_range(
    values: np.ndarray, beside: np.ndarray | None, reading: Reading
) -> list[float] | None:
    """The range that holds both analyses; None leaves it to Plotly."""
    if beside is None:
        return None
    both = np.concatenate([values.ravel(), scaled(beside, reading.scale).ravel()])
    return [float(min(both.min(), 0)) * 1.05, float(max(both.max(), 0)) * 1.05]
