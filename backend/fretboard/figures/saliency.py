"""Where an answer looks, over its image: four ways side by side, a slider over depth."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from PIL import Image
from plotly.subplots import make_subplots
from scipy.stats import spearmanr

from fretboard.figures.causal_tests import Arrays, of_token
from fretboard.figures.patches import raster
from fretboard.figures.theme import SEQUENTIAL, THEMES, ThemeName, base_figure, readable

# Of each: its array, what it is called. Relevance and ablation are signed: support is shown.
WAYS = {
    "attention": "attention",
    "rollout": "attention rollout",
    "relevance": "integrated gradients",
    "ablation": "ablation (causal)",
}
SIZE = (1080, 400)  # px
VEIL = 0.65  # opacity of the values over the picture
AGREES = 0.3  # rank correlation with ablation under which a way is warned of


def saliency_figure(
    arrays: Arrays, texts: Sequence[str], token: int | None = None, theme: ThemeName = "light"
) -> go.Figure:
    """One panel a way; each depth by its own largest value. Ablation is the same at all depths."""
    depths = len(arrays["attention"])
    cells = raster(arrays["rectangles"], np.flatnonzero(~np.isnan(arrays["rectangles"]).any(1)))
    titles = list(WAYS.values())
    figure = make_subplots(1, len(WAYS), subplot_titles=titles, horizontal_spacing=0.02)
    meta = {"axis": "patches", "unit": "share of the largest", "token": token, "size": list(SIZE)}
    layout = base_figure(THEMES[theme], meta).layout
    layout.update(xaxis={}, yaxis={})
    figure.update_layout(layout)
    picture = Image.fromarray(arrays["picture"].astype(np.uint8))
    for column, (way, name) in enumerate(WAYS.items(), 1):
        figure.add_layout_image(
            source=picture, xref=f"x{column}", yref=f"y{column}", x=0, y=0, sizex=1, sizey=1,
            sizing="stretch", layer="below",
        )  # fmt: skip
        table = of_token(arrays[way], token)
        for depth in range(depths):
            row = table if way == "ablation" else table[depth]
            veil = _veil(row, cells, f"{name}, depth {depth}", depth == depths // 2)
            figure.add_trace(veil, row=1, col=column)
    ratio = picture.height / picture.width
    figure.update_xaxes(range=[0, 1], visible=False, constrain="domain")
    for column in range(1, len(WAYS) + 1):
        figure.update_yaxes(
            range=[1, 0], visible=False, scaleanchor=f"x{column}", scaleratio=ratio,
            constrain="domain", row=1, col=column,
        )  # fmt: skip
    figure.update_layout(sliders=[_slider(depths)], margin={"t": 36})
    figure.update_annotations(font={"size": 13})
    whose = "all tokens" if token is None else readable(texts[token])
    figure.update_layout(meta=dict(figure.layout.meta) | {"whose": whose})
    return figure


def agreement(arrays: Arrays, token: int | None) -> dict[str, float | None]:
    """Rank correlation of each way with ablation over the patches, at its best depth."""
    truth = of_token(arrays["ablation"], token)
    correlations: dict[str, float | None] = {}
    for way in WAYS:
        if way == "ablation":
            continue
        rows = [row for row in of_token(arrays[way], token) if np.isfinite(row).all()]
        scores = [float(spearmanr(row, truth).statistic) for row in rows if np.ptp(row) > 0]
        correlations[way] = max(scores) if scores and np.ptp(truth) > 0 else None
    return correlations


def _veil(row: np.ndarray, cells: np.ndarray, name: str, shown: bool) -> go.Heatmap:
    rows, columns = cells.shape
    support = np.maximum(np.nan_to_num(row), 0.0)
    shares = support / max(float(support.max(initial=0.0)), 1e-12)
    return go.Heatmap(
        z=np.where(cells >= 0, shares[cells], np.nan).astype(np.float32),
        x0=0.5 / columns, dx=1 / columns, y0=0.5 / rows, dy=1 / rows,
        zmin=0, zmax=1, colorscale=SEQUENTIAL, opacity=VEIL, visible=shown, showscale=False,
        customdata=np.where(cells >= 0, row[cells], np.nan).astype(np.float32),
        hovertemplate=f"%{{customdata:.3g}}<extra>{name}</extra>",
    )  # fmt: skip


def _slider(depths: int) -> dict:
    steps = [
        {
            "method": "restyle",
            "label": str(depth),
            "args": [{"visible": [at == depth for _ in WAYS for at in range(depths)]}],
        }
        for depth in range(depths)
    ]
    shown = {"prefix": "depth "}
    return {"active": depths // 2, "steps": steps, "currentvalue": shown, "pad": {"t": 4}}
