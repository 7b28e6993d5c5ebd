"""A causal test drawn, titled and put in words: for the page and the command line alike."""

from collections.abc import Callable, Mapping

import numpy as np
import plotly.graph_objects as go

from fretboard.analysis import calls
from fretboard.core.causal_test import BLANK, CausalTest, Kind
from fretboard.core.errors import InputError
from fretboard.figures.causal_tests import (
    Arrays,
    attribution_figure,
    cut_figure,
    knockout_figure,
    patching_figure,
)
from fretboard.figures.findings import FINDERS, Finding
from fretboard.figures.saliency import saliency_figure
from fretboard.figures.theme import ThemeName

DRAWN: Mapping[Kind, Callable[..., go.Figure]] = {
    Kind.KNOCKOUT: knockout_figure,
    Kind.PATCHING: patching_figure,
    Kind.ATTRIBUTION: attribution_figure,
    Kind.CUT: cut_figure,
    Kind.SALIENCY: saliency_figure,
}
TITLES = {
    Kind.KNOCKOUT: "each layer alone knocked out",
    Kind.PATCHING: "states of one run put into the other",
    Kind.ATTRIBUTION: "what attention and MLPs add",
    Kind.CUT: "text blind to the image from a depth on",
    Kind.SALIENCY: "where the answer looks",
}


def draw(
    document: CausalTest, arrays: Arrays, token: int | None, theme: ThemeName = "light"
) -> go.Figure:
    """The figure of one token, or of the mean of all. Raises InputError."""
    check_token(document, token)
    drawn = DRAWN[document.kind](arrays, _texts(document), token, theme)
    return calls.noted(drawn, calls.of_test(token))


def find(document: CausalTest, arrays: Mapping[str, np.ndarray], token: int | None) -> Finding:
    """What came of it in one sentence, for one token or the mean of all. Raises InputError."""
    check_token(document, token)
    return FINDERS[document.kind](document, arrays, token)


def heading(document: CausalTest) -> tuple[str, str]:
    """Title and note of its figure."""
    parts = [document.model.name, f"“{document.request.prompt}”", f"answer: {document.answer}"]
    if document.kind is Kind.PATCHING:
        other = "a grey image" if document.other == BLANK else f"image {document.other[:12]}"
        pair = (other, "the image") if document.into_image else ("the image", other)
        parts.append(f"states of the run with {pair[0]} put into the run with {pair[1]}")
    if document.kind is Kind.ATTRIBUTION:
        parts.append(f"against {document.rival or 'the strongest other word'}")
    return TITLES[document.kind], " · ".join(parts)


def check_token(document: CausalTest, token: int | None) -> None:
    """Raises InputError where the answer has no such token."""
    if token is not None and not 0 <= token < len(document.tokens):
        raise InputError(
            f"There is no token {token}; the answer has tokens 0 to {len(document.tokens) - 1}."
        )


def _texts(document: CausalTest) -> list[str]:
    return [token.text for token in document.tokens]
