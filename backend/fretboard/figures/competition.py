"""Competition at one token: every candidate's probability over all depths (METHOD: Level 1)."""

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go

from fretboard.core.analysis import Analysis
from fretboard.core.reading import Lens
from fretboard.core.vocabulary import Vocabulary, VocabularyWord
from fretboard.figures.bands import stage_bands
from fretboard.figures.quantities import NAMES_OF_LENS, probability_axis
from fretboard.figures.theme import (
    THEMES,
    ThemeName,
    base_figure,
    depth_axis,
    depths_of,
    readable,
)
from fretboard.figures.words import word_colors

LABELLED = 7  # lines labelled at their end and coloured; further leaders stay thin and grey
LABEL_GAP = 0.055  # of the axis: below, two labels overlap
Role = Literal["emitted", "word", "leader"]


@dataclass(frozen=True)
class Candidate:
    """One curve: `role` says why it is here."""

    token_id: int
    text: str
    role: Role


def candidates(
    analysis: Analysis,
    leaders: np.ndarray,
    token: int,
    words: list[VocabularyWord],
    vocabulary: Vocabulary,
) -> list[Candidate]:
    """The emitted token, the user's words, then the leaders of all depths, latest first.

    leaders: (depth,) ids of rank 1 at this token.
    """
    emitted = analysis.tokens[token]
    listed = {emitted.id: Candidate(emitted.id, emitted.text, "emitted")}
    for word in words:
        listed.setdefault(word.token_id, Candidate(word.token_id, word.token_text, "word"))
    for token_id in leaders[::-1].tolist():
        listed.setdefault(token_id, Candidate(token_id, vocabulary.text(token_id), "leader"))
    return list(listed.values())


def competition_figure(
    analysis: Analysis,
    table: np.ndarray,
    leaders: np.ndarray,
    token: int,
    words: list[VocabularyWord],
    vocabulary: Vocabulary,
    lens: Lens | None = None,
    theme: ThemeName = "light",
) -> go.Figure:
    """Lines over depth 0…L. table: (depth, vocabulary) probabilities of this token.

    2L + 1 depths have half ones too. Of a difference lens zero is the middle of the axis.
    """
    lens, colors, layers = lens or analysis.request.lens, THEMES[theme], analysis.model.layers
    listed = candidates(analysis, leaders, token, words, vocabulary)
    shown, depths = _by_importance(listed, table), depths_of(len(table), layers)
    labels = word_colors([candidate.text for candidate in shown[:LABELLED]], colors)
    drawn = [*labels, *[colors.faint] * len(shown)]
    lines = [
        _line(candidate, depths, table[:, candidate.token_id], place, drawn[place], lens)
        for place, candidate in enumerate(shown)
    ]
    signed = lens.pair is not None
    bands, notes = stage_bands(analysis, colors, token, layers)
    return base_figure(
        colors,
        {"axis": "depth", "token": token, "lens": lens, "candidates": list(map(vars, listed))},
        reversed(lines),
        xaxis=depth_axis(layers) | {"range": [0, layers], "showgrid": False},
        yaxis=probability_axis(NAMES_OF_LENS[lens], signed) | {"zeroline": signed},
        margin={"r": 96, "t": 26},
        shapes=bands,
        annotations=_end_labels(shown[:LABELLED], table, labels, LABEL_GAP * (1 + signed)) + notes,
    )


def _by_importance(listed: list[Candidate], table: np.ndarray) -> list[Candidate]:
    """The emitted token first, then words, then leaders by their highest probability."""
    order = {"emitted": 0, "word": 1, "leader": 2}
    return sorted(listed, key=lambda c: (order[c.role], -float(np.abs(table[:, c.token_id]).max())))


def _line(
    candidate: Candidate,
    depths: np.ndarray,
    curve: np.ndarray,
    place: int,
    color: str,
    lens: Lens,
) -> dict[str, Any]:
    name = readable(candidate.text)
    return {
        "type": "scatter",
        "x": depths,
        "y": curve.astype(np.float32),
        "mode": "lines",
        "name": name,
        "line": {"color": color, "width": _width(candidate, place)},
        "opacity": 1.0 if place < LABELLED else 0.6,
        "hovertemplate": f"{name} %{{y:.3f}} at depth %{{x}}<extra>{NAMES_OF_LENS[lens]}</extra>",
        "meta": {"token_id": candidate.token_id, "role": candidate.role},
    }


def _width(candidate: Candidate, place: int) -> float:
    if candidate.role == "emitted":
        return 3.0
    return 2.0 if place < LABELLED else 1.0


def _end_labels(
    shown: list[Candidate], table: np.ndarray, colors: list[str], gap: float
) -> list[dict[str, Any]]:
    """Names at the lines' right ends, pushed apart where they would overlap."""
    ends = sorted(
        ((float(table[-1, c.token_id]), place, c) for place, c in enumerate(shown)),
        key=lambda end: end[0],
    )
    y = -math.inf
    notes: list[dict[str, Any]] = []
    for height, place, candidate in ends:
        y = max(height, y + gap, 0.01) if not notes else max(height, y + gap)
        name = readable(candidate.text)
        notes.append({
            "x": 1.0, "xref": "paper", "xanchor": "left", "xshift": 6, "y": y, "showarrow": False,
            "text": f"<b>{name}</b>" if place == 0 else name,
            "font": {"color": colors[place], "size": 12},
        })  # fmt: skip
    return notes
