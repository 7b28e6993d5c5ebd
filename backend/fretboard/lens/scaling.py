"""Scaling of columns over all points, so that no massive activation decides alone."""

from typing import Literal

import numpy as np

Scaling = Literal["none", "max-abs", "standard"]


def scaled(points: np.ndarray, scaling: Scaling) -> np.ndarray:
    """(n, width) → float64. max-abs: within [−1, 1]; standard: mean 0, deviation 1.

    Columns of zeros, and under `standard` columns of one value, become or stay zero.
    """
    points = points.astype(np.float64)
    if scaling == "none":
        return points
    if scaling == "standard":
        points -= points.mean(axis=0)
    size = points.std(axis=0) if scaling == "standard" else np.abs(points).max(axis=0)
    points /= np.where(size > 0, size, 1.0)
    return points
