"""Points (n, width) → map (n, 2 or 3) by PCA, t-SNE or UMAP; watched, and stopped when asked.

Same points, settings and library versions give the same map bit for bit, whatever the number of
cores: openTSNE's sums do not depend on its threads, UMAP runs on one, and BLAS is held to one.
The libraries take seconds to import, so each is imported when its map is asked for.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np

from fretboard.core.errors import Cancelled
from fretboard.core.map_settings import EXAGGERATED, MapSettings

Progress = Callable[[float, str], None]
STEP = 50  # iterations between two looks at the clock, the KL divergence and the stop
SKLEARN_TO_OPENTSNE = 4  # learning rates; scikit-learn's gradient is 4 times openTSNE's
THREADS_PAY = 1000  # points; below it, threads wait for each other longer than they work
FULL_SOLVER = 500  # points or columns; above it the leading components alone are cheaper
FIXED_SEED = 0  # of the randomised PCA: the same components for each seed of the map


@dataclass(frozen=True)
class Watch:
    """Whom to tell the share done, in [0, 1], and whom to ask whether to stop."""

    progress: Progress = lambda share, message: None
    cancelled: Callable[[], bool] = lambda: False

    def report(self, share: float, message: str) -> None:
        """Raises Cancelled when the work was called off."""
        if self.cancelled():
            raise Cancelled("The map was cancelled. Ask for it again when you like.")
        self.progress(share, message)

    def part(self, first: float, last: float) -> "Watch":
        """A watch whose 0…1 is this one's first…last."""
        return Watch(
            lambda share, message: self.progress(first + (last - first) * share, message),
            self.cancelled,
        )


@dataclass(frozen=True)
class Embedding:
    """mapped (n, dimensions) float64; iterations done; KL divergence (nats) of a t-SNE."""

    mapped: np.ndarray
    iterations: int | None = None
    kl_divergence: float | None = None


def embed(points: np.ndarray, settings: MapSettings, watch: Watch) -> Embedding:
    """Map (n, width) points. Raises Cancelled; UMAP's and t-SNE's neighbour search runs through."""
    watch.report(0.0, "principal components")
    if settings.method == "pca":
        axes = components(points, settings.dimensions, exact=True)
        missing = settings.dimensions - axes.shape[1]  # of points narrower than the map
        return Embedding(np.pad(axes, ((0, 0), (0, missing))))
    if settings.pca_dimensions is not None:
        points = components(points, settings.pca_dimensions)
    watch.report(0.1, "neighbours")
    fit = _tsne if settings.method == "tsne" else _umap
    return fit(points, settings, watch.part(0.1, 1.0))


def components(points: np.ndarray, count: int, exact: bool = False) -> np.ndarray:
    """(n, width) → scores (n, ≤ count). Signs: each component's largest loading is positive.

    Not exact: the randomised method where scikit-learn prefers it, which spans the leading
    components but mixes those of nearly equal size.
    """
    from sklearn.decomposition import PCA

    count = min(count, *points.shape)
    solver = "auto"
    if exact:
        solver = "full" if min(points.shape) <= FULL_SOLVER else "arpack"
    with _one_blas_thread():
        return PCA(count, svd_solver=solver, random_state=FIXED_SEED).fit_transform(points)


def _one_blas_thread() -> AbstractContextManager:
    """BLAS splits sums by its threads, and t-SNE makes much of a last bit."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    return threadpool_limits(1, user_api="blas")


class _Descent:
    """openTSNE's callback: reports, and says when the KL divergence has come to rest."""

    def __init__(self, settings: MapSettings, watch: Watch) -> None:
        self.done = 0
        self._settings, self._watch = settings, watch
        self.error = np.inf

    def __call__(self, iteration: int, error: float, embedding: np.ndarray) -> bool:
        self.done += STEP
        total = self._settings.iterations
        self._watch.report(min(1.0, self.done / total), f"t-SNE iteration {self.done} of {total}")
        # The first steps after the exaggeration must not be compared with those before it.
        settled = self.done >= EXAGGERATED + 2 * STEP and (
            self.error - error < self._settings.tolerance * self.error
        )
        self.error = float(error)
        return settled and self._settings.tolerance > 0


def _tsne(points: np.ndarray, settings: MapSettings, watch: Watch) -> Embedding:
    from openTSNE import TSNE
    from openTSNE.affinity import MultiscaleMixture
    from openTSNE.nearest_neighbors import Sklearn

    descent = _Descent(settings, watch)
    rate = settings.learning_rate
    jobs = -1 if len(points) >= THREADS_PAY else 1
    tsne = TSNE(
        n_components=settings.dimensions,
        learning_rate="auto" if rate is None else rate * SKLEARN_TO_OPENTSNE,
        early_exaggeration_iter=EXAGGERATED,
        n_iter=settings.iterations - EXAGGERATED,
        theta=settings.theta,
        negative_gradient_method="bh",  # at thousands of points faster than the FFT
        initialization=settings.start,
        callbacks=descent,
        callbacks_every_iters=STEP,
        n_jobs=jobs,
        random_state=settings.seed,
    )
    # Exact, and handed over: asked for by name, openTSNE would import an approximate search that it
    # does not use, and which compiles for half a minute after each installation.
    count = min(len(points) - 1, int(3 * settings.perplexity))
    with _one_blas_thread():
        nearest = Sklearn(points, count, n_jobs=jobs)
        near = MultiscaleMixture(perplexities=settings.perplexity, knn_index=nearest, n_jobs=jobs)
        mapped = tsne.fit(points, near)
    # A stopped fit keeps the divergence of its exaggerated phase; the callback knows the last.
    return Embedding(np.asarray(mapped), descent.done, descent.error)


class _Bar:
    """The file that UMAP's tqdm writes its bar to, once an epoch: the one way into its loop."""

    def __init__(self, settings: MapSettings, watch: Watch) -> None:
        self._epochs, self._watch, self._written = settings.epochs, watch, 0

    def write(self, text: str) -> None:
        self._written += bool(text.strip())
        share = min(1.0, self._written / self._epochs)
        self._watch.report(share, f"UMAP epoch {min(self._written, self._epochs)}")

    def flush(self) -> None:
        pass


def _umap(points: np.ndarray, settings: MapSettings, watch: Watch) -> Embedding:
    from umap import UMAP

    bar = {"file": _Bar(settings, watch), "disable": False, "mininterval": 0, "miniters": 1}
    reducer = UMAP(
        n_components=settings.dimensions,
        n_neighbors=settings.n_neighbors,
        min_dist=settings.min_dist,
        n_epochs=settings.epochs,
        random_state=settings.seed,
        n_jobs=1,  # with a seed UMAP has no other choice, and says so
        tqdm_kwds=bar,
    )
    with _one_blas_thread():
        mapped = reducer.fit_transform(points)
    return Embedding(np.asarray(mapped, dtype=np.float64), settings.epochs)
