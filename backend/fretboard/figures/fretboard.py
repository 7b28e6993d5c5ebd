"""The fretboard: a heatmap of depth × token, depth 0 at the bottom, tokens in reading order."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from fretboard.catalogue import UNITS_OF_DIVERGENCE
from fretboard.document import Analysis, Divergence, Lens
from fretboard.figures.theme import (
    MONO,
    SEQUENTIAL,
    THEMES,
    ThemeName,
    base_figure,
    depth_axis,
    percent,
    readable,
)
from fretboard.vocabulary import Vocabulary

Arrays = Mapping[str, np.ndarray]
CELL_TEXT_COLUMNS = 100  # Plotly slows down beyond
CELL_TEXT_LETTERS = 7
HOVER_WORDS = 5


@dataclass(frozen=True)
class Quantity:
    """What the colour means: values (row, token) from the arrays, unit, range of the colours."""

    title: str
    unit: str
    values: Callable[[Arrays], np.ndarray]
    limits: tuple[float, float] | None = None
    colorbar: dict[str, Any] | None = None


def _log_ticks() -> dict[str, Any]:
    return {"tickvals": [0, 1, 2, 3, 4, 5], "ticktext": ["1", "10", "100", "1k", "10k", "100k"]}


QUANTITIES: dict[str, Quantity] = {
    "probability": Quantity(
        "probability of the emitted token", "probability", lambda a: a["probability"], (0, 1)
    ),
    "rank": Quantity(
        "rank of the emitted token",
        "rank, 1 = leader (log scale)",
        lambda a: np.log10(a["rank"].astype(np.float32)),
        colorbar=_log_ticks(),
    ),
    "entropy": Quantity("entropy of the distribution", "nats", lambda a: a["entropy"]),
    "jsd": Quantity("divergence of depths d and d+1", "nats", lambda a: a["jsd"]),
    "leader": Quantity(
        "leader and its probability",
        "probability",
        lambda a: a["top_probabilities"][..., 0],
        (0, 1),
    ),
}
ARRAYS_NEEDED = ("probability", "rank", "entropy", "jsd", "top_ids", "top_probabilities")


def fretboard_figure(
    analysis: Analysis,
    arrays: Arrays,
    vocabulary: Vocabulary,
    quantity: str = "probability",
    lens: Lens = Lens.NORMED,
    divergence: Divergence = Divergence.JSD,
    theme: ThemeName = "light",
) -> go.Figure:
    """Heatmap of one quantity of `QUANTITIES`; hover lists the cell's words."""
    chosen = QUANTITIES[quantity]
    values = chosen.values(arrays).astype(np.float32)
    unit = UNITS_OF_DIVERGENCE[divergence] if quantity == "jsd" else chosen.unit
    rows, columns = values.shape
    meta = {"axis": "depth×token", "quantity": quantity, "unit": unit, "lens": lens}
    figure = base_figure(THEMES[theme], meta | {"rows": rows, "columns": columns})
    pair = quantity == "jsd"
    low, high = chosen.limits or (0.0, float(max(values.max(), 1e-9)))
    words = _leader_words(arrays, vocabulary)[:rows]
    figure.add_heatmap(
        z=values,
        zmin=low,
        zmax=high,
        colorscale=SEQUENTIAL,
        reversescale=quantity in ("rank", "entropy"),
        xgap=1,
        ygap=1,
        text=words,
        texttemplate="%{text}" if columns <= CELL_TEXT_COLUMNS and not pair else None,
        textfont={"family": MONO, "size": 10},
        customdata=_hover(analysis, arrays, vocabulary, quantity, lens, unit)[:rows],
        hovertemplate="%{customdata}<extra></extra>",
        colorbar={
            "title": {"text": unit, "side": "right", "font": {"size": 12}},
            "thickness": 10,
            "outlinewidth": 0,
            **(chosen.colorbar or {}),
        },
    )
    labels = [readable(token.text) for token in analysis.tokens]
    figure.update_xaxes(
        tickvals=list(range(columns)), ticktext=labels, tickfont={"family": MONO, "size": 11},
        title={"text": "emitted token"}, range=[-0.5, columns - 0.5], showgrid=False,
    )  # fmt: skip
    title = "pair (d, d+1)" if pair else "depth (layers applied)"
    figure.update_yaxes(
        **depth_axis(analysis.model.layers, title), range=[-0.5, rows - 0.5], showgrid=False
    )
    _mark_critical(figure, analysis, theme)
    return figure


def _mark_critical(figure: go.Figure, analysis: Analysis, theme: ThemeName) -> None:
    if analysis.stages is None or analysis.stages.critical_depth is None:
        return
    figure.add_hline(
        y=analysis.stages.critical_depth,
        line={"color": THEMES[theme].faint, "width": 1, "dash": "dot"},
        name="critical depth",
    )


def _leader_words(arrays: Arrays, vocabulary: Vocabulary) -> list[list[str]]:
    """Cut to a cell's width before HTML is escaped, so that no entity is cut in two."""

    def short(token_id: int) -> str:
        return readable(vocabulary.text(token_id).strip(" ")[:CELL_TEXT_LETTERS])

    return [[short(token_id) for token_id in row] for row in arrays["top_ids"][..., 0].tolist()]


def _hover(
    analysis: Analysis,
    arrays: Arrays,
    vocabulary: Vocabulary,
    quantity: str,
    lens: Lens,
    unit: str,
) -> list[list[str]]:
    """One text a cell: depth, token, every quantity with its unit, the likeliest words, lens."""
    depths, tokens = arrays["probability"].shape
    labels = [readable(token.text) for token in analysis.tokens]

    def cell(d: int, t: int) -> str:
        words = zip(arrays["top_ids"][d, t], arrays["top_probabilities"][d, t], strict=True)
        lines = [
            f"{percent(share):>8}  {readable(vocabulary.text(int(i)))}"
            for i, share in list(words)[:HOVER_WORDS]
        ]
        pair = f"pair ({d}, {d + 1}): {_pair_value(arrays, d, t)} {unit}<br>"
        return (
            f"<b>depth {d} · token {t} {labels[t]}</b><br>"
            + (pair if quantity == "jsd" else "")
            + f"probability {percent(arrays['probability'][d, t])} · rank {arrays['rank'][d, t]} · "
            f"entropy {arrays['entropy'][d, t]:.2f} nats<br>"
            + "<br>".join(lines)
            + f"<br><i>{lens} lens</i>"
        )

    return [[cell(d, t) for t in range(tokens)] for d in range(depths)]


def _pair_value(arrays: Arrays, d: int, t: int) -> str:
    return f"{arrays['jsd'][d, t]:.3g}" if d < len(arrays["jsd"]) else "–"
