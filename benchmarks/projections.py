"""Maps of 33 × 100 points of width 4096: what each way costs, and what its map is worth.

    python benchmarks/projections.py [--data synthetic|bundled] [--rounds 3] [--only NAME ...]

Ways run in turn in each round, after one warm-up on few points (imports, compilation); times are
medians, ratios are taken within a round. Quality is against the scaled points at full width.

- ours:       the default settings
- ours-pca50: the same on 50 principal components
- ours-wide:  the same at full width, without PCA first
- ours-full:  the same without the stop on convergence (2000 iterations)
- paper:      the paper's preset through our code
- sklearn, sklearn-pca50: scikit-learn's TSNE with the paper's parameters
- fft:        openTSNE's interpolation instead of Barnes-Hut (slow at this size: only by name)
- umap, pca:  the other two methods
- quality:    trustworthiness, continuity and overlap of one map
"""

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

import fretboard
from fretboard.core.map_settings import MapSettings, paper_settings
from fretboard.lens.maps.fit import Watch, components, embed
from fretboard.lens.maps.project import prepare
from fretboard.lens.maps.quality import MapQuality, measure

OURS = MapSettings()
Way = Callable[[np.ndarray], np.ndarray]


def trajectories(depths: int, strings: int, width: int, seed: int = 0) -> np.ndarray:
    """(depths, strings, width) float32 that grow as a residual stream does.

    A shared drift, a random walk of each string (later steps larger), eight topics that part with
    depth, norms that grow e² times, three columns 30 times as large as the others.
    """
    random = np.random.default_rng(seed)
    late = np.linspace(0.2, 1, depths)[:, None, None]
    # Steps lie mostly in 200 directions, as updates of a trained model do, and partly in all.
    directions = random.standard_normal((200, width)) / np.sqrt(200)
    steps = random.standard_normal((depths, strings, 200)) @ directions
    steps += 0.3 * random.standard_normal((depths, strings, width))
    topic = random.standard_normal((8, width))[random.integers(0, 8, strings)]
    shared = np.cumsum(0.8 * random.standard_normal((depths, width)), axis=0)[:, None]
    states = shared + np.cumsum(late * steps, axis=0)
    states += np.linspace(0, 6, depths)[:, None, None] * topic
    states *= np.exp(np.linspace(0, 2, depths))[:, None, None]
    states[..., random.integers(0, width, 3)] *= 30
    return states.astype(np.float32)


def bundled() -> np.ndarray:
    """(13, tokens of all shipped analyses, 192)."""
    examples = Path(fretboard.__file__).parent / "examples"
    files = sorted(examples.glob("analyses/*/hidden_states.safetensors"))
    return np.concatenate([load_file(file)["hidden_states"] for file in files], axis=1)


def ours(settings: MapSettings, points: np.ndarray) -> np.ndarray:
    """Our map."""
    return embed(points, settings.fitted(len(points))[0], Watch()).mapped


def sklearn_tsne(pca: bool, points: np.ndarray) -> np.ndarray:
    """The way of the paper's scripts, with or without PCA first."""
    from sklearn.manifold import TSNE

    tsne = TSNE(
        perplexity=min(40, (len(points) - 1) / 3),
        learning_rate=200,
        max_iter=2000,
        init="pca",
        random_state=0,
    )
    return tsne.fit_transform(components(points, 50) if pca else points)


def fft(points: np.ndarray) -> np.ndarray:
    """openTSNE's interpolation at the paper's parameters."""
    from openTSNE import TSNE

    maps = TSNE(
        perplexity=min(40, (len(points) - 1) / 3), learning_rate=800, n_iter=1750,
        neighbors="exact", negative_gradient_method="fft", n_jobs=-1, random_state=0,
    ).fit(points)  # fmt: skip
    return np.asarray(maps)


WAYS: dict[str, Way] = {
    "ours": partial(ours, OURS),
    "ours-pca50": partial(ours, OURS.but(pca_dimensions=50)),
    "ours-full": partial(ours, OURS.but(tolerance=0.0)),
    "ours-wide": partial(ours, OURS.but(pca_dimensions=None)),
    "paper": partial(ours, paper_settings("tokens")),
    "sklearn": partial(sklearn_tsne, False),
    "sklearn-pca50": partial(sklearn_tsne, True),
    "fft": fft,
    "umap": partial(ours, OURS.but(method="umap")),
    "pca": partial(ours, OURS.but(method="pca")),
}


def timed(way: Way, points: np.ndarray) -> tuple[float, np.ndarray]:
    """Seconds and map."""
    start = time.perf_counter()
    maps = way(points)
    return time.perf_counter() - start, maps


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", choices=["synthetic", "bundled"], default="synthetic")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=WAYS)
    options = parser.parse_args()
    states = bundled() if options.data == "bundled" else trajectories(33, 100, 4096)
    points = prepare(states, OURS)
    names = options.only or [name for name in WAYS if name != "fft"]
    print(f"{options.data}: {states.shape} states, {points.shape} points")
    for name in names:
        WAYS[name](points[:200])
    seconds: dict[str, list[float]] = {name: [] for name in [*names, "quality"]}
    quality: dict[str, MapQuality] = {}
    for _ in range(options.rounds):
        for name in names:
            took, maps = timed(WAYS[name], points)
            seconds[name].append(took)
            took, _ = timed(lambda it: quality.update({name: measure(points, [it])[0]}), maps)  # noqa: B023
            seconds["quality"].append(took)
    report(seconds, quality, names[0])


def report(seconds: dict[str, list[float]], quality: dict[str, MapQuality], base: str) -> None:
    """One line a way: median and range of seconds, ratio to the first way, quality."""
    for name, took in seconds.items():
        ratio = statistics.median(
            mine / reference for mine, reference in zip(took, seconds[base], strict=False)
        )
        own = quality.get(name)
        figures = (
            f"trustworthiness {own.trustworthiness:.4f}  continuity {own.continuity:.4f}  "
            f"overlap {own.neighbour_overlap:.3f}"
            if own
            else ""
        )
        span = f"{min(took):5.1f}–{max(took):5.1f}"
        print(f"{name:14} {statistics.median(took):6.2f} s ({span}) × {ratio:5.2f}  {figures}")


if __name__ == "__main__":
    main()
