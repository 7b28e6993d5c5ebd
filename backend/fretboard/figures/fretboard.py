"""The fretboard: a heatmap of depth × token, depth 0 at the bottom, tokens in reading order."""

from typing import Any

import plotly.graph_objects as go

from fretboard.core.analysis import Analysis
from fretboard.core.reading import Reading
from fretboard.core.vocabulary import Vocabulary
from fretboard.figures import quantities
from fretboard.figures.quantities import NAMES_OF_LENS, Arrays, Shown
from fretboard.figures.theme import (
    MONO,
    SEQUENTIAL,
    THEMES,
    ThemeName,
    base_figure,
    depth_axis,
    percent,
    readable,
    signed_percent,
    typeset,
)

CELL_TEXT_COLUMNS = 100  # Plotly slows down beyond
CELL_TEXT_LETTERS = 7
HOVER_WORDS = 5
CELLS = {
    "type": "heatmap", "xgap": 1, "ygap": 1, "textfont": {"family": MONO, "size": 10},
    "hovertemplate": "%{customdata}<extra></extra>",
}  # fmt: skip


def fretboard_figure(
    analysis: Analysis,
    arrays: Arrays,
    vocabulary: Vocabulary,
    quantity: str = "probability",
    reading: Reading | None = None,
    theme: ThemeName = "light",
    beside: Arrays | None = None,
) -> go.Figure:
    """Heatmap of one quantity of `QUANTITIES`; hover lists the cell's words.

    beside: arrays of another analysis whose colours are to be comparable with these.
    """
    reading = reading or Reading(lens=analysis.request.lens)
    shown = quantities.show(quantity, reading, arrays)
    if beside is not None:
        shown = quantities.beside(shown, quantities.show(quantity, reading, beside))
    (rows, columns), pair = shown.values.shape, quantity == "jsd"
    size = {"rows": rows, "columns": columns}
    meta = {"axis": "depth×token", "quantity": quantity, "unit": shown.unit} | size
    words = _leader_words(arrays, vocabulary)[:rows]
    cells = CELLS | _colors(shown, quantity, theme) | {
        "z": shown.values,
        "text": [[_short(word) for word in row] for row in words],
        # Whole, for who has more room than a cell of Plotly's.
        "hovertext": [[readable(word) if word else "" for word in row] for row in words],
        "texttemplate": "%{text}" if columns <= CELL_TEXT_COLUMNS and not pair else None,
        "customdata": _hover(
            analysis, arrays, vocabulary, reading, shown.unit if pair else None
        )[:rows],
        **({"y0": 0, "dy": 0.5} if reading.sublayers else {}),
    }  # fmt: skip
    axes = _axes(analysis, rows, pair, 0.5 if reading.sublayers else 1)
    critical = _critical_line(analysis, THEMES[theme].faint)
    return base_figure(THEMES[theme], meta | reading.as_meta(), [cells], **axes, shapes=critical)


def _axes(analysis: Analysis, rows: int, pair: bool, step: float) -> dict[str, Any]:
    next_depth = "d+½" if step < 1 else "d+1"
    title = f"pair (d, {next_depth})" if pair else "depth (layers applied)"
    labels = [readable(token.text) for token in analysis.tokens]
    tokens = {
        "tickvals": list(range(len(labels))), "ticktext": labels,
        "tickfont": {"family": MONO, "size": 11}, "title": {"text": "emitted token"},
        "range": [-0.5, len(labels) - 0.5], "showgrid": False,
    }  # fmt: skip
    ends = {"range": [-step / 2, (rows - 0.5) * step], "showgrid": False}
    return {"xaxis": tokens, "yaxis": depth_axis(analysis.model.layers, title) | ends}


def _colors(shown: Shown, quantity: str, theme: ThemeName) -> dict:
    """Colour scale, its range and its bar."""
    bar = {
        "title": {"text": shown.label, "side": "right", "font": {"size": 12}},
        "thickness": 10,
        "outlinewidth": 0,
        **shown.ticks,
    }
    scale = THEMES[theme].diverging if shown.diverging else SEQUENTIAL
    reverse = quantity in ("rank", "entropy") and not shown.diverging
    return {
        "zmin": shown.low, "zmax": shown.high, "colorscale": scale, "reversescale": reverse,
        "colorbar": bar,
    }  # fmt: skip


def _critical_line(analysis: Analysis, color: str) -> list[dict[str, Any]]:
    if analysis.stages is None or analysis.stages.critical_depth is None:
        return []
    depth = analysis.stages.critical_depth
    return [{
        "type": "line", "x0": 0, "x1": 1, "xref": "x domain", "y0": depth, "y1": depth,
        "line": {"color": color, "width": 1, "dash": "dot"}, "name": "critical depth",
    }]  # fmt: skip


def _leader_words(arrays: Arrays, vocabulary: Vocabulary) -> list[list[str]]:
    """Where two lenses agree (all differences 0) no word leads: ""."""

    def word(token_id: int, share: float) -> str:
        text = vocabulary.text(token_id)
        return (text.strip(" ") or text) if share else ""

    ids, shares = arrays["top_ids"][..., 0].tolist(), arrays["top_probabilities"][..., 0].tolist()
    return [
        [word(*cell) for cell in zip(*rows, strict=True)] for rows in zip(ids, shares, strict=True)
    ]


def _short(word: str) -> str:
    """To a cell's width, before HTML is escaped, so that no entity is cut in two."""
    cut = word if len(word) <= CELL_TEXT_LETTERS else f"{word[: CELL_TEXT_LETTERS - 1]}…"
    return readable(cut) if word else ""


def _hover(
    analysis: Analysis,
    arrays: Arrays,
    vocabulary: Vocabulary,
    reading: Reading,
    pair_unit: str | None,
) -> list[list[str]]:
    """One text a cell: depth, token, every quantity with its unit, the likeliest words, lens."""
    depths, tokens = arrays["probability"].shape
    labels = [readable(token.text) for token in analysis.tokens]
    signed = reading.lens.pair is not None
    share = signed_percent if signed else percent
    sign = "+" if signed else ""
    step = 0.5 if reading.sublayers else 1

    def cell(d: int, t: int) -> str:
        words = zip(arrays["top_ids"][d, t], arrays["top_probabilities"][d, t], strict=True)
        lines = [
            f"{share(p):>8}  {readable(vocabulary.text(int(i)))}"
            for i, p in list(words)[:HOVER_WORDS]
        ]
        ends = f"{d * step:g}, {(d + 1) * step:g}"
        pair = f"pair ({ends}): {_pair_value(arrays, d, t)} {pair_unit}<br>"
        inside = ", between attention and MLP" if step * d % 1 else ""
        return (
            f"<b>depth {d * step:g}{inside} · token {t} {labels[t]}</b><br>"
            + (pair if pair_unit else "")
            + f"emitted word: probability {share(arrays['probability'][d, t])} · "
            + typeset(f"rank {arrays['rank'][d, t]:{sign}d} · ")
            + typeset(f"entropy {arrays['entropy'][d, t]:{sign}.2f} nats<br>")
            + "<br>".join(lines)
            + f"<br><i>{NAMES_OF_LENS[reading.lens]}</i>"
        )

    return [[cell(d, t) for t in range(tokens)] for d in range(depths)]


def _pair_value(arrays: Arrays, d: int, t: int) -> str:
    return f"{arrays['jsd'][d, t]:.3g}" if d < len(arrays["jsd"]) else "–"
