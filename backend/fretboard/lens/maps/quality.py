"""How far a map can be trusted: neighbourhoods kept, and agreement over seeds.

Trustworthiness and continuity: Venna and Kaski 2001; both lie in [0, 1], 1 is best, and a random
map of many points has about 0.5.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import procrustes
from scipy.spatial.distance import cdist

NEIGHBOURS = 10
CHUNK_VALUES = 4_000_000  # distances held at once, 32 MB in float64


@dataclass(frozen=True)
class MapQuality:
    """All in [0, 1], 1 is best; `neighbours` = k, clipped where there are few points."""

    trustworthiness: float
    """Neighbours in the map are neighbours in the original space."""
    continuity: float
    """Neighbours in the original space are neighbours in the map."""
    neighbour_overlap: float
    """Share of a point's k nearest that both spaces agree on, mean over points."""
    neighbours: int


@dataclass(frozen=True)
class Stability:
    """Procrustes disparities, in [0, 1], of maps with other seeds against the first; 0: equal."""

    disparities: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean disparity."""
        return float(np.mean(self.disparities))

    @property
    def spread(self) -> float:
        """Largest less smallest disparity."""
        return max(self.disparities) - min(self.disparities)


def measure(
    original: np.ndarray,
    maps: Sequence[np.ndarray],
    neighbours: int = NEIGHBOURS,
    look: Callable[[], None] = lambda: None,
) -> list[MapQuality]:
    """Quality of each (n, dimensions) map of the (n, width) points; `look` is called per chunk.

    Distances are Euclidean. Points at equal distance share the better rank.
    """
    count = len(original)
    k = min(neighbours, (count - 1) // 2)
    if k < 1:
        raise ValueError(f"{count} points have no neighbourhoods; at least 3 are needed.")
    centred = original - original.mean(axis=0)
    totals = np.zeros((len(maps), 3))
    for rows in _chunks(count):
        look()
        far = _distances(centred, rows)
        near = _nearest(far, k)
        totals += [_compare(far, near, cdist(mapped[rows], mapped), rows, k) for mapped in maps]
    norm = 2 / (count * k * (2 * count - 3 * k - 1))
    return [
        MapQuality(1 - norm * intruders, 1 - norm * lost, shared / (count * k), k)
        for intruders, lost, shared in totals.tolist()
    ]


def stability(maps: Sequence[np.ndarray]) -> Stability:
    """Of two or more (n, dimensions) maps of the same points; the first is the reference."""
    if len(maps) < 2:
        raise ValueError("Stability compares maps of several seeds; choose at least 2.")
    return Stability(tuple(float(procrustes(maps[0], other)[2]) for other in maps[1:]))


def _chunks(count: int) -> list[np.ndarray]:
    rows = max(1, CHUNK_VALUES // count)
    return [np.arange(start, min(start + rows, count)) for start in range(0, count, rows)]


def _distances(points: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Squared, (rows, n), infinite to itself; a matrix product, as cdist takes minutes at 4096."""
    squares = np.einsum("ij,ij->i", points, points)
    far = squares - 2 * points[rows] @ points.T
    far += squares[rows, None]
    far[np.arange(len(rows)), rows] = np.inf
    return far


def _nearest(far: np.ndarray, k: int) -> np.ndarray:
    """Mask (rows, n) of the k nearest; the row's own point lies at infinity."""
    mask = np.zeros(far.shape, dtype=bool)
    np.put_along_axis(mask, np.argpartition(far, k - 1, axis=1)[:, :k], True, axis=1)
    return mask


def _compare(
    far: np.ndarray, near: np.ndarray, mapped: np.ndarray, rows: np.ndarray, k: int
) -> tuple[float, float, float]:
    """Sums over the chunk: ranks above k of intruders, of lost neighbours; shared neighbours."""
    mapped[np.arange(len(rows)), rows] = np.inf
    close = _nearest(mapped, k)
    intruders = _excess(far, close & ~near, k)
    lost = _excess(mapped, near & ~close, k)
    return intruders, lost, float((near & close).sum())


def _excess(far: np.ndarray, chosen: np.ndarray, k: int) -> float:
    """Sum of (rank − k) over the chosen points of each row; rank 1 is the nearest."""
    row, column = np.nonzero(chosen)
    ordered = np.sort(far, axis=1)
    pairs = zip(row, far[row, column], strict=True)
    ranks = np.array([np.searchsorted(ordered[i], value) + 1 for i, value in pairs], np.float64)
    return float(np.maximum(ranks - k, 0).sum())
