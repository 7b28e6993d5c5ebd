"""The same words at a token of each of two analyses, laid over one another."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from fretboard.core.analysis import Analysis, Token
from fretboard.core.errors import UnknownWord
from fretboard.core.reading import Lens
from fretboard.core.vocabulary import Vocabulary
from fretboard.figures.quantities import NAMES_OF_LENS, probability_axis
from fretboard.figures.relative import of_two_models, relative_axis, shares
from fretboard.figures.theme import (
    THEMES,
    ThemeName,
    base_figure,
    depth_axis,
    depths_of,
    legend_above,
    readable,
)
from fretboard.figures.words import word_colors

MOST = 6  # words: each has a line a side
DASHES = ("solid", "dash")


@dataclass(frozen=True)
class Competitor:
    """One side: the (depth, vocabulary) probabilities of one of its tokens, and its words.

    2L + 1 rows are the half depths too.
    """

    analysis: Analysis
    table: np.ndarray
    token: int
    vocabulary: Vocabulary
    lens: Lens

    @property
    def emitted(self) -> Token:
        """The token that was written there."""
        return self.analysis.tokens[self.token]

    def curve(self, word: str) -> np.ndarray | None:
        """(depth,) of a word; None where this model has no token for it."""
        if word == self.emitted.text.strip():
            return self.table[:, self.emitted.id]
        with suppress(UnknownWord):
            return self.table[:, self.vocabulary.word(word).token_id]
        return None


def both_competitions_figure(
    first: Competitor, second: Competitor, words: Sequence[str] = (), theme: ThemeName = "light"
) -> go.Figure:
    """What either wrote, and `words`: solid lines of the first, dashed ones of the second.

    Over depth, or over d / L where the models differ. Raises nothing for a word that one lacks.
    """
    colors, sides = THEMES[theme], (first, second)
    relative = of_two_models([side.analysis for side in sides])
    shown = _words(sides, words)
    meta = {"axis": "relative" if relative else "depth", "token": first.token, "lens": first.lens}
    lines = [
        _line(side, name, dash, word, color, relative)
        for word, color in zip(shown, word_colors(shown, colors), strict=True)
        for side, name, dash in zip(sides, "AB", DASHES, strict=True)
    ]
    layers = max(side.analysis.model.layers for side in sides)
    axis = relative_axis() if relative else depth_axis(layers) | {"range": [0, layers]}
    signed = any(side.lens.pair is not None for side in sides)
    lens = NAMES_OF_LENS[first.lens] if first.lens == second.lens else ""
    return base_figure(
        colors,
        meta,
        [line for line in lines if line is not None],
        xaxis=axis | {"showgrid": False},
        yaxis=probability_axis(lens, signed),
        showlegend=True,
        legend=legend_above(),
        margin={"t": 40},
    )


def _words(sides: Sequence[Competitor], words: Sequence[str]) -> list[str]:
    """Without doubles, the written ones first."""
    named = [side.emitted.text.strip() for side in sides] + [word.strip() for word in words]
    return [word for word in dict.fromkeys(named) if word][:MOST]


def _line(
    side: Competitor, name: str, dash: str, word: str, color: str, relative: bool
) -> dict[str, Any] | None:
    curve = side.curve(word)
    if curve is None:
        return None
    depths = depths_of(len(curve), side.analysis.model.layers)
    text = readable(word)
    return {
        "type": "scatter",
        "x": shares(depths, side.analysis) if relative else depths,
        "y": curve.astype(np.float32),
        "mode": "lines",
        "name": f"{name}: {text}",
        "customdata": depths,
        "line": {"color": color, "width": 2.5, "dash": dash},
        "hovertemplate": f"{name}, {side.analysis.model.name}: {text} %{{y:.3f}} at depth "
        f"%{{customdata}} of {side.analysis.model.layers}"
        f"<extra>{NAMES_OF_LENS[side.lens]}</extra>",
    }
