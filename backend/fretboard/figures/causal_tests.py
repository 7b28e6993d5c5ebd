"""Causal tests drawn: knockout, patching, attribution and the image attention cut."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from fretboard.figures.theme import (
    THEMES,
    Theme,
    ThemeName,
    base_figure,
    curve,
    depth_axis,
    legend_above,
    readable,
    typeset,
)

Arrays = Mapping[str, np.ndarray]
PLAIN = {"showgrid": False, "zeroline": False}  # of a depth axis
SPAN_NAMES = ("image", "prompt text", "predicting<br>positions", "all")


def knockout_figure(
    arrays: Arrays, texts: Sequence[str], token: int | None = None, theme: ThemeName = "light"
) -> go.Figure:
    """A bar per layer: the change of the log-probability without it. effect: (layer, token).

    token: None draws the mean of all tokens; bars are coloured by sign.
    """
    values = of_token(arrays["effect"], token)
    title = f"change of log-probability (nats)<br>{_whose(texts, token)}"
    return base_figure(
        THEMES[theme],
        {"axis": "layer", "unit": "nats", "token": token},
        [_bars(values, _signed(values, THEMES[theme]), "without layer %{x}: %{y:+.4g} nats")],
        xaxis=depth_axis(len(values), "knocked-out layer") | PLAIN,
        yaxis={"title": {"text": title}, "nticks": 6},
        margin={"l": 76},
    )


def patching_figure(
    arrays: Arrays, texts: Sequence[str], token: int | None = None, theme: ThemeName = "light"
) -> go.Figure:
    """Depth × span: the recovered share. recovered: (depth, span, token).

    The mean leaves out tokens on which the two runs hardly differ.
    """
    values = of_token(arrays["recovered"], token)
    largest = max(1.0, float(np.nanmax(np.abs(values), initial=0.0)))
    rows, title = len(values), {"text": "recovered share<br>(0 base, 1 donor)"}
    cells = {
        "type": "heatmap", "z": values, "x": list(SPAN_NAMES), "y": np.arange(rows, dtype=np.int32),
        "zmin": -largest, "zmax": largest, "xgap": 1, "ygap": 1, "texttemplate": "%{z:.2f}",
        "colorscale": [list(stop) for stop in THEMES[theme].diverging],
        "colorbar": {"title": title, "thickness": 12, "outlinewidth": 0},
        "hovertemplate": "%{x} at depth %{y}: %{z:.3f} recovered<extra></extra>",
    }  # fmt: skip
    return base_figure(
        THEMES[theme],
        {"axis": "depth×span", "unit": "share", "token": token, "size": [640, 130 + 26 * rows]},
        [cells],
        xaxis={
            "title": {"text": f"positions whose states are put in, {_whose(texts, token)}"},
            # Set, so that a figure without any value has its axes too.
            "range": [-0.5, len(SPAN_NAMES) - 0.5],
            "showgrid": False,
            "tickangle": 0,
        },
        yaxis=depth_axis(rows - 1) | {"range": [-0.5, rows - 0.5], "showgrid": False},
    )


def attribution_figure(
    arrays: Arrays, texts: Sequence[str], token: int | None = None, theme: ThemeName = "light"
) -> go.Figure:
    """Two bars a layer, attention and MLP: logits towards the emitted token. (layer, token) each.

    The embeddings and biases stand in the note under the axis, so that all parts are there.
    """
    parts = []
    for label, color in zip(("attention", "MLP"), THEMES[theme].candidates, strict=False):
        values = of_token(arrays[label.lower()], token)
        name = typeset(f"{label}, together {values.sum():+z.2f}")
        hover = f"{label} of layer %{{x}}: %{{y:+.4g}} logits"
        parts.append(_bars(values, color, hover, name=name))
    embeddings, constant, whole = (
        float(of_token(arrays[name], token)) for name in ("embeddings", "constant", "whole")
    )
    rest = embeddings + constant
    note = typeset(f"layer<br>embeddings and biases {rest:+z.2f}, whole {whole:+z.2f}")
    title = f"logits, emitted token over rival<br>{_whose(texts, token)}"
    return base_figure(
        THEMES[theme],
        {"axis": "layer", "unit": "logits", "token": token},
        parts,
        xaxis=depth_axis(len(arrays["mlp"]), note) | PLAIN,
        yaxis={"title": {"text": title}, "nticks": 6},
        barmode="group",
        showlegend=True,
        legend=legend_above(),
        margin={"l": 76, "t": 40, "b": 60},
    )


def cut_figure(
    arrays: Arrays, texts: Sequence[str], token: int | None = None, theme: ThemeName = "light"
) -> go.Figure:
    """The log-probability over the depth from which text is blind. log_probability: (depth, token).

    Depth L is the plain run. The mean of all tokens stands behind a single one.
    """
    colors, table = THEMES[theme], arrays["log_probability"]
    layers, depths = len(table) - 1, np.arange(len(table), dtype=np.int32)
    behind = colors.faint if token is not None else colors.ink
    curves: list[tuple[str, int | None, str]] = [("mean of all tokens", None, behind)]
    curves += [(_whose(texts, token), token, colors.ink)] if token is not None else []
    hover = "<br>blind from depth %{x}: %{y:.4g} nats<extra></extra>"
    axis = depth_axis(layers, f"text is blind to the image from this depth on ({layers}: never)")
    return base_figure(
        colors,
        {"axis": "depth", "unit": "nats", "token": token},
        [curve(depths, of_token(table, at), c, name + hover, name=name) for name, at, c in curves],
        xaxis=axis | PLAIN | {"range": [-0.2, layers + 0.2]},
        yaxis={"title": {"text": "log-probability of the emitted token (nats)"}, "nticks": 6},
        showlegend=True,
        legend=legend_above(),
        margin={"t": 40},
    )


def of_token(values: np.ndarray, token: int | None) -> np.ndarray:
    """(…, token) → (…): one token's, or the mean of those that have a value; NaN where none has."""
    if token is not None:
        return np.asarray(values[..., token], dtype=np.float32)
    known = ~np.isnan(values)
    sums, counts = np.where(known, values, 0).sum(-1), known.sum(-1)
    mean = np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)
    return mean.astype(np.float32)


def _bars(values: np.ndarray, color: Any, hover: str, **more: Any) -> dict[str, Any]:
    """A bar a layer."""
    return {
        "type": "bar",
        "x": np.arange(len(values), dtype=np.int32),
        "y": values,
        "marker": {"color": color},
        "hovertemplate": f"{hover}<extra></extra>",
        **more,
    }


def _signed(values: np.ndarray, theme: Theme) -> list[str]:
    """Below zero and above, in the ends of the diverging scale."""
    return [theme.diverging[-1 if value > 0 else 0][1] for value in values]


def _whose(texts: Sequence[str], token: int | None) -> str:
    if token is None:
        return f"mean of {len(texts)} tokens"
    return f"token {token} {readable(texts[token])}"
