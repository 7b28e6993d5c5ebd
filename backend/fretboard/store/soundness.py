"""Whether an array of the catalogue is what an analysis's document says it must be."""

import numpy as np

from fretboard.core.analysis import Analysis
from fretboard.core.arrays import ARRAYS, TOP_K


def fault_of(analysis: Analysis, name: str, array: np.ndarray) -> str:
    """What is wrong with it, "" where nothing is: its shape, or a number that is not finite."""
    expected = shape_of(analysis, name)
    if array.shape != expected:
        return f"has shape {_by(array.shape)}, not {_by(expected)}"
    if np.issubdtype(array.dtype, np.integer) or np.isfinite(array).all():
        return ""
    depth, token = np.argwhere(~np.isfinite(array))[0][:2]
    return f"is not finite at depth {depth}, token {token}"


def shape_of(analysis: Analysis, name: str) -> tuple[int, ...]:
    """By the catalogue's axes."""
    sizes = {
        "depth": analysis.model.layers + 1,
        "pair": analysis.model.layers,
        "token": len(analysis.tokens),
        "k": min(TOP_K, analysis.model.vocabulary),
        "width": analysis.model.width,
    }
    return tuple(sizes[axis] for axis in ARRAYS[name].axes)


def _by(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape)) or "()"
