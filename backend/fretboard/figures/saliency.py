"""Where an answer looks, over its image: a map a way, a slider over depth."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from PIL import Image
from plotly.subplots import make_subplots
from scipy.stats import spearmanr

from fretboard.figures.causal_tests import Arrays, of_token
from fretboard.figures.hit_rates import at_depth, result
from fretboard.figures.patches import lay_under, raster, veil
from fretboard.figures.theme import (
    THEMES,
    Theme,
    ThemeName,
    base_figure,
    readable,
    whole_percent,
)

# Of each: its array, what it is called. Relevance and ablation are signed: support is shown.
WAYS = {
    "attention": "attention",
    "rollout": "attention rollout",
    "relevance": "integrated gradients",
    "activation": "token activation map",
    "ablation": "ablation (causal)",
}
SIZE = (640, 900)  # px
COLUMNS = 2
VEIL = 0.65  # opacity of the values over the picture
AGREES = 0.3  # rank correlation with ablation under which a way is warned of


def saliency_figure(
    arrays: Arrays, texts: Sequence[str], token: int | None = None, theme: ThemeName = "light"
) -> go.Figure:
    """One panel a way; each depth by its own largest value. Some ways have one map for all depths.

    Above each map: how often the way points at the object on the bundled world, where the model
    has as many layers as the one measured.
    """
    depths = len(arrays["attention"])
    cells = raster(arrays["rectangles"], np.flatnonzero(~np.isnan(arrays["rectangles"]).any(1)))
    drawn = {way: name for way, name in WAYS.items() if way in arrays}  # older records have fewer
    word = None if token is None else texts[token]
    meta = {"axis": "patches", "unit": "share of the largest", "token": token, "size": list(SIZE)}
    meta["whose"] = "all tokens" if word is None else readable(word)
    figure = make_subplots(
        -(-len(drawn) // COLUMNS), COLUMNS, subplot_titles=list(drawn.values()),
        horizontal_spacing=0.02, vertical_spacing=0.1, figure=base_figure(THEMES[theme], meta),
    )  # fmt: skip
    picture = Image.fromarray(arrays["picture"].astype(np.uint8))
    for panel, (way, name) in enumerate(drawn.items()):
        place = {"row": panel // COLUMNS + 1, "col": panel % COLUMNS + 1}
        lay_under(figure, picture, f"x{panel + 1}", **place)
        table = of_token(arrays[way], token)
        for depth, row in enumerate(np.broadcast_to(table, (depths, table.shape[-1]))):
            shown = depth == depths // 2
            figure.add_trace(_veil(row, cells, f"{name}, depth {depth}", shown), **place)
    titles = [_titles(drawn, word, depth, depths, THEMES[theme]) for depth in range(depths)]
    figure.update_layout(sliders=[_slider(titles)], margin={"t": 60, "l": 16})
    figure.update_annotations(font={"size": 12})
    for title, text in zip(figure.layout.annotations, titles[depths // 2], strict=True):
        title.text = text
    return figure


def agreement(arrays: Arrays, token: int | None) -> dict[str, float | None]:
    """Rank correlation of each way with ablation over the patches, at its best depth."""
    truth = of_token(arrays["ablation"], token)
    correlations: dict[str, float | None] = {}
    for way in WAYS:
        if way == "ablation" or way not in arrays:
            continue
        table = np.atleast_2d(of_token(arrays[way], token))
        rows = [row for row in table if np.isfinite(row).all()]
        scores = [float(spearmanr(row, truth).statistic) for row in rows if np.ptp(row) > 0]
        correlations[way] = max(scores) if scores and np.ptp(truth) > 0 else None
    return correlations


def _titles(
    drawn: dict[str, str], word: str | None, depth: int, depths: int, theme: Theme
) -> list[str]:
    """A panel's name and, below it, what it pointed at on the bundled world at this depth."""
    if depths != result()["layers"]:
        return list(drawn.values())
    titles = []
    for way, name in drawn.items():
        rows = at_depth(way, word, depth)
        measured = rows[0].depth if rows[0].depth not in (None, depth) else None
        head = "pointed" if measured is None else f"at depth {measured}"
        shares = ", ".join(f"{row.kind} {whole_percent(row.share)}" for row in rows)
        chance = f"chance {whole_percent(max(row.chance for row in rows))}"
        poor = any(row.poor for row in rows)
        beside = f"<b>no better than {chance}</b>" if poor else chance
        style = f"color:{theme.accent if poor else theme.faint};font-size:11px"
        titles.append(f"{name}<br><span style='{style}'>{head}: {shares}<br>{beside}</span>")
    return titles


def _veil(row: np.ndarray, cells: np.ndarray, name: str, shown: bool) -> go.Heatmap:
    support = np.maximum(np.nan_to_num(row), 0.0)
    return veil(
        cells, support / max(float(support.max(initial=0.0)), 1e-12),
        zmax=1, opacity=VEIL, visible=shown, showscale=False,
        customdata=np.where(cells >= 0, row[cells], np.nan).astype(np.float32),
        hovertemplate=f"%{{customdata:.3g}}<extra>{name}</extra>",
    )  # fmt: skip


def _slider(titles: list[list[str]]) -> dict:
    """titles: of each depth, a text a panel."""
    depths, panels = len(titles), range(len(titles[0]))
    steps = [
        {
            "method": "update",
            "label": str(depth),
            "args": [
                {"visible": [at == depth for _ in panels for at in range(depths)]},
                {f"annotations[{panel}].text": titles[depth][panel] for panel in panels},
            ],
        }
        for depth in range(depths)
    ]
    shown = {"prefix": "depth "}
    return {"active": depths // 2, "steps": steps, "currentvalue": shown, "pad": {"t": 4}}
