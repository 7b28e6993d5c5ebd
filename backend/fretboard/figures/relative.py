"""Two models on one axis: depth as a share of all layers."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fretboard.core.analysis import Analysis


def of_two_models(analyses: Sequence[Analysis]) -> bool:
    """Whether their depths are not the same layers."""
    return len({analysis.model.revision for analysis in analyses}) > 1


def shares(places: np.ndarray, analysis: Analysis) -> np.ndarray:
    """Depths as shares of this model's layers, d / L."""
    return np.asarray(places, dtype=np.float64) / max(analysis.model.layers, 1)


def relative_axis() -> dict[str, Any]:
    """From 0, nothing but the embeddings, to 1, all layers applied."""
    title = {"text": "relative depth (layers applied ÷ all layers)"}
    ticks = {"tickmode": "linear", "tick0": 0, "dtick": 0.1}
    return {"title": title, **ticks, "range": [0, 1], "showgrid": False}
