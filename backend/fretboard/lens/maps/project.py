"""Maps of hidden states: one joint fit over all points, with its quality (METHOD: Level 3)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fretboard.core.map_settings import Columns, MapSettings
from fretboard.lens.maps.fit import Embedding, Watch, embed
from fretboard.lens.maps.quality import MapQuality, Stability, measure, stability

SILENT = Watch()
MAP_SHARE = 0.8  # of the progress; the rest is the quality


@dataclass(frozen=True)
class ProjectedMap:
    """One map. points: (depths, strings, dimensions) float32; its first row is `first_depth`."""

    points: np.ndarray
    first_depth: int
    settings: MapSettings
    """As used: what so few points allow."""
    notes: tuple[str, ...]
    """What was changed from what was asked, a sentence each."""
    quality: MapQuality
    iterations: int | None
    """Done, where the method iterates."""
    kl_divergence: float | None
    """Of a t-SNE, in nats."""

    @property
    def description(self) -> str:
        """Method, parameters, seed and quality in one line, for the figure."""
        q, notes = self.quality, "".join(f"; {note}" for note in self.notes)
        depths = "depth 0 dropped" if self.first_depth else "with depth 0"
        return (
            f"{_named(self)}; {depths}; {self.settings.scaling} scaling{notes}; "
            f"trustworthiness {q.trustworthiness:.2f}, continuity {q.continuity:.2f}, "
            f"{q.neighbours}-nearest overlap {q.neighbour_overlap:.2f}"
        )


def project(
    hidden_states: np.ndarray, settings: MapSettings, watch: Watch = SILENT
) -> ProjectedMap:
    """Map (L+1, strings, width) hidden states, strings being tokens or images.

    Raises ValueError for too few, equal or non-finite points, Cancelled when the watch says so.
    """
    return perplexity_grid(hidden_states, settings, [settings.perplexity], watch)[0]


def perplexity_grid(
    hidden_states: np.ndarray,
    settings: MapSettings,
    perplexities: Sequence[float],
    watch: Watch = SILENT,
) -> list[ProjectedMap]:
    """A map for each perplexity, in this order; those too large for the points are lowered."""
    if not perplexities:
        raise ValueError("No perplexity was given; choose at least one.")
    variants = [settings.but(perplexity=float(p)) for p in perplexities]
    points = prepare(hidden_states, settings)
    fits = [variant.fitted(len(points)) for variant in variants]
    embeddings = _embed_all(points, [fitted for fitted, _ in fits], watch.part(0, MAP_SHARE))
    qualities = measure(
        points,
        [embedding.mapped for embedding in embeddings],
        look=lambda: watch.report(MAP_SHARE, "quality"),
    )
    watch.report(1.0, "done")
    shape = (-1, hidden_states.shape[1], settings.dimensions)
    return [
        ProjectedMap(
            embedding.mapped.reshape(shape).astype(np.float32),
            int(settings.drop_first_depth),
            *fitted,
            quality,
            embedding.iterations,
            embedding.kl_divergence,
        )
        for embedding, fitted, quality in zip(embeddings, fits, qualities, strict=True)
    ]


def seed_stability(
    hidden_states: np.ndarray, settings: MapSettings, seeds: int = 4, watch: Watch = SILENT
) -> Stability:
    """Of maps with the seeds seed … seed + seeds − 1 (2 to 20), the first being the reference.

    A t-SNE that starts at the principal components differs between seeds by a small jitter only;
    `start="random"` asks more of it.
    """
    if not 2 <= seeds <= 20:
        raise ValueError(f"Stability over {seeds} seeds; choose from 2 to 20.")
    points = prepare(hidden_states, settings)
    fitted, _ = settings.fitted(len(points))
    many = [fitted.but(seed=(fitted.seed + i) % 2**32) for i in range(seeds)]
    return stability([embedding.mapped for embedding in _embed_all(points, many, watch)])


def prepare(hidden_states: np.ndarray, settings: MapSettings) -> np.ndarray:
    """(L+1, strings, width) → the points (n, width) float64 that are mapped: chosen and scaled."""
    if hidden_states.ndim != 3:
        raise ValueError(
            f"Hidden states have shape {hidden_states.shape}; (depth, string, width) is needed."
        )
    kept = hidden_states[1:] if settings.drop_first_depth else hidden_states
    points = kept.reshape(-1, hidden_states.shape[2])
    settings.fitted(len(points))
    if not np.isfinite(points).all():
        raise ValueError("The hidden states hold infinite or undefined values; no map can be made.")
    if (points == points[0]).all():
        raise ValueError("All points are the same; there is nothing to map.")
    return scaled(points, settings.scaling)


def _embed_all(
    points: np.ndarray, settings: Sequence[MapSettings], watch: Watch
) -> list[Embedding]:
    share = 1 / len(settings)
    return [
        embed(points, variant, watch.part(i * share, (i + 1) * share))
        for i, variant in enumerate(settings)
    ]


def _named(mapped: ProjectedMap) -> str:
    used = mapped.settings
    if used.method == "pca":
        return f"PCA, {used.dimensions}-D"
    first = f"{used.pca_dimensions} components first" if used.pca_dimensions else "no PCA first"
    if used.method == "umap":
        return (
            f"UMAP, {used.dimensions}-D, {used.n_neighbors} neighbours, minimal distance "
            f"{used.min_dist:g}, {mapped.iterations} epochs, {first}, seed {used.seed}"
        )
    rate = "automatic" if used.learning_rate is None else f"{used.learning_rate:g}"
    return (
        f"t-SNE, {used.dimensions}-D, perplexity {used.perplexity:.3g}, learning rate {rate}, "
        f"{mapped.iterations} of {used.iterations} iterations, {first}, seed {used.seed}"
    )


def scaled(points: np.ndarray, scaling: Columns) -> np.ndarray:
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
