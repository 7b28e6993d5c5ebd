"""Two-dimensional maps of hidden states: one joint fit over all points (METHOD: Level 3)."""

from dataclasses import asdict, dataclass

import numpy as np

NEIGHBOURS = 10  # of the quality figures
PCA_BEFORE_TSNE = 50  # the usual first step; distances beyond it are noise to t-SNE


@dataclass(frozen=True)
class MapSettings:
    """The paper's settings: depth 0 dropped, columns scaled by their largest absolute value."""

    method: str = "tsne"
    perplexity: float = 40.0
    learning_rate: float = 200.0
    iterations: int = 2000
    seed: int = 0

    def fitted(self, points: int) -> "MapSettings":
        """With a perplexity that so few points allow."""
        return MapSettings(**{**asdict(self), "perplexity": min(self.perplexity, (points - 1) / 3)})


@dataclass(frozen=True)
class ProjectedMap:
    """points: (depths 1…L, token, 2) float32; quality figures lie in [0, 1], 1 is best."""

    points: np.ndarray
    settings: MapSettings
    trustworthiness: float
    continuity: float
    neighbour_overlap: float


def project(hidden_states: np.ndarray, settings: MapSettings) -> ProjectedMap:
    """Map (L+1, T, width) hidden states; depth 0 is dropped. Raises ValueError below 5 points."""
    depths, tokens, width = hidden_states.shape
    flat = hidden_states[1:].reshape(-1, width).astype(np.float64)
    if len(flat) < 5:
        raise ValueError(f"{len(flat)} points are too few for a map; at least 5 are needed.")
    flat = flat / np.maximum(np.abs(flat).max(axis=0), np.finfo(np.float64).tiny)
    settings = settings.fitted(len(flat))
    mapped = _fit(flat, settings)
    return ProjectedMap(
        mapped.reshape(depths - 1, tokens, 2).astype(np.float32), settings, *_quality(flat, mapped)
    )


def _fit(flat: np.ndarray, settings: MapSettings) -> np.ndarray:
    # scikit-learn takes seconds to import: not before a map is asked for.
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    if settings.method == "pca":
        return np.asarray(PCA(2, random_state=settings.seed).fit_transform(flat))
    if settings.method != "tsne":
        raise ValueError(f"No projection named {settings.method!r}; there are tsne and pca.")
    reduced = PCA(min(PCA_BEFORE_TSNE, *flat.shape), random_state=settings.seed).fit_transform(flat)
    tsne = TSNE(
        perplexity=settings.perplexity,
        learning_rate=settings.learning_rate,
        max_iter=settings.iterations,
        init="pca",
        random_state=settings.seed,
    )
    return np.asarray(tsne.fit_transform(reduced))


def _quality(flat: np.ndarray, mapped: np.ndarray) -> tuple[float, float, float]:
    """Trustworthiness, continuity (the same with the spaces exchanged), k-nearest overlap."""
    from sklearn.manifold import trustworthiness
    from sklearn.neighbors import NearestNeighbors

    k = min(NEIGHBOURS, (len(flat) - 1) // 2)
    near = [
        NearestNeighbors(n_neighbors=k).fit(space).kneighbors(return_distance=False)
        for space in (flat, mapped)
    ]
    shared = [len(set(a) & set(b)) / k for a, b in zip(*near, strict=True)]
    return (
        float(trustworthiness(flat, mapped, n_neighbors=k)),
        float(trustworthiness(mapped, flat, n_neighbors=k)),
        float(np.mean(shared)),
    )
