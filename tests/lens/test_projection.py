"""Maps: settings, one joint fit, determinism, planted structure, progress and cancel."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fretboard.core.errors import Cancelled
from fretboard.core.map_settings import MapSettings
from fretboard.lens.maps.fit import Watch, components
from fretboard.lens.maps.project import perplexity_grid, prepare, project, seed_stability
from tests.support.random_data import fresh

QUICK = MapSettings(perplexity=8, learning_rate=None, iterations=300, epochs=40)
METHODS = ("tsne", "umap", "pca")
REAL = os.environ.get("FRETBOARD_RELEASE_TESTS") == "on"


def paths(depths=9, strings=6, width=40, seed=None):
    """(depths, strings, width): strings that start together and part, with norms that grow."""
    random = fresh() if seed is None else np.random.default_rng(seed)
    away = random.standard_normal((strings, width)) * np.arange(depths)[:, None, None]
    states = random.standard_normal(width) + away + 0.1 * random.standard_normal(away.shape)
    return (states * np.exp(np.linspace(0, 2, depths))[:, None, None]).astype(np.float32)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dimensions", [2, 3])
def test_each_method_maps_every_point_once(method, dimensions):
    made = project(paths(), QUICK.but(method=method, dimensions=dimensions))
    assert made.points.shape == (8, 6, dimensions)
    assert made.points.dtype == np.float32
    assert np.isfinite(made.points).all()
    assert made.first_depth == 1
    assert method in made.description.replace("t-SNE", "tsne").lower()


def kept_apart(method, seed=None):
    """Share of the points of three planted clusters that lie nearest to their own middle."""
    random = fresh() if seed is None else np.random.default_rng(seed)
    centres = 50 * random.standard_normal((1, 3, 60))
    states = np.repeat(centres, 4, axis=1) + random.standard_normal((10, 12, 60))
    made = project(states, QUICK.but(method=method, drop_first_depth=False))
    clusters = made.points.reshape(10, 3, 4, 2).transpose(1, 0, 2, 3).reshape(3, 40, 2)
    middle = clusters.mean(axis=1)
    nearest = np.linalg.norm(clusters[:, :, None] - middle, axis=-1).argmin(axis=-1)
    return float((nearest == np.arange(3)[:, None]).mean())


@pytest.mark.parametrize("method", METHODS)
def test_planted_clusters_stay_apart(method):
    assert kept_apart(method) > 0.95


def elsewhere(call, compiled):
    """What a call of this file prints in another process, UMAP compiled as in use or not."""
    script = f"from tests.lens.test_projection import digests, kept_apart; print(*{call})"
    search = [str(Path(__file__).parents[2]), *filter(None, sys.path)]
    other = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {search!r}; {script}"],
        capture_output=True, text=True, check=True,
        env={"OMP_NUM_THREADS": "1", "NUMBA_DISABLE_JIT": str(int(not compiled))},
    )  # fmt: skip
    return other.stdout.split()


@pytest.mark.skipif(not REAL, reason="its compiler takes 20 s: make release-tests")
def test_planted_clusters_stay_apart_with_umap_compiled():
    (share,) = elsewhere("[kept_apart('umap', seed=4)]", compiled=True)
    assert float(share) > 0.95


def digests():
    """Of a map by each method."""
    made = (project(paths(seed=5), QUICK.but(method=m, seed=3, start="random")) for m in METHODS)
    return [hashlib.sha256(each.points.tobytes()).hexdigest() for each in made]


def test_the_same_seed_gives_the_same_map_bit_for_bit_in_another_process():
    assert elsewhere("digests()", compiled=False) == digests() == digests()


def test_another_seed_gives_another_map():
    one, other = (project(paths(seed=1), QUICK.but(start="random", seed=s)) for s in (0, 1))
    assert not np.array_equal(one.points, other.points)


@pytest.mark.parametrize(("strings", "width"), [(20, 40), (60, 700)])  # two solvers
def test_pca_agrees_with_the_singular_values_and_has_fixed_signs(strings, width):
    points = prepare(paths(depths=12, strings=strings, width=width), MapSettings())
    made = components(points, 2, exact=True)
    left, sizes, right = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)
    expected = left[:, :2] * sizes[:2]
    expected *= np.sign(right[[0, 1], np.abs(right[:2]).argmax(axis=1)])
    np.testing.assert_allclose(made, expected, atol=1e-6 * np.abs(expected).max())


def test_pca_of_points_on_a_line_has_an_empty_second_axis():
    states = np.arange(12.0).reshape(6, 2, 1)
    made = project(states, MapSettings(method="pca", dimensions=3))
    np.testing.assert_allclose(made.points[..., 1:], 0, atol=1e-9)


def test_scaling_and_depth_0_are_as_asked():
    states = paths().astype(np.float64)
    flat = states.reshape(-1, 40)
    keep = MapSettings(drop_first_depth=False)
    by_largest = prepare(states, keep)
    assert np.abs(by_largest).max(axis=0) == pytest.approx(1)
    np.testing.assert_allclose(by_largest * np.abs(flat).max(axis=0), flat)
    standard = prepare(states, keep.but(scaling="standard"))
    np.testing.assert_allclose(standard.std(axis=0), 1)
    np.testing.assert_allclose(standard.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_array_equal(prepare(states, keep.but(scaling="none")), flat)
    np.testing.assert_array_equal(
        prepare(states, MapSettings(scaling="none")), states[1:].reshape(-1, 40)
    )


def test_columns_of_one_value_do_no_harm():
    states = paths()
    states[..., 0], states[..., 1] = 0, 7
    for scaling in ("none", "max-abs", "standard"):
        assert np.isfinite(project(states, QUICK.but(scaling=scaling)).points).all()


@pytest.mark.parametrize(
    ("settings", "lowered"),
    [
        (MapSettings(iterations=300), "perplexity lowered from 40 to 6.33: 20 points"),
        (
            MapSettings(method="umap", n_neighbors=30, epochs=20),
            "n_neighbors lowered from 30 to 19",
        ),
    ],
)
def test_parameters_that_are_too_large_for_the_points_are_lowered_and_said(settings, lowered):
    made = project(paths(depths=6, strings=4), settings)
    assert lowered in made.notes[0]
    assert lowered in made.description
    assert project(paths(depths=6, strings=4), settings.but(method="pca")).notes == ()


@pytest.mark.parametrize("method", METHODS)
def test_the_fewest_points(method):
    made = project(paths(depths=6, strings=1), QUICK.but(method=method, dimensions=3))
    assert made.points.shape == (5, 1, 3)
    assert np.isfinite(made.points).all()


@pytest.mark.parametrize(
    ("states", "words"),
    [
        (np.ones((2, 4, 8)), "4 points are too few.*at least 5"),
        (np.ones((6, 4, 8)), "the same"),
        (np.full((6, 4, 8), np.inf), "infinite or undefined"),
        (np.ones((6, 8)), "is needed"),
    ],
)
def test_points_that_cannot_be_mapped_say_why(states, words):
    with pytest.raises(ValueError, match=words):
        project(states, QUICK)


@pytest.mark.parametrize("method", ["tsne", "umap"])
def test_progress_rises_to_one_and_names_the_step(method):
    told = []
    watch = Watch(lambda share, message: told.append((share, message)))
    project(paths(), QUICK.but(method=method), watch)
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert len(shares) > 5
    assert any(method in message.replace("t-SNE", "tsne").lower() for _, message in told)


@pytest.mark.parametrize("method", ["tsne", "umap"])
def test_a_running_fit_stops_when_cancelled(method):
    told = []
    watch = Watch(
        lambda share, message: told.append(message), lambda: any("100" in text for text in told)
    )
    asked = QUICK.but(method=method, iterations=20_000, epochs=10_000, tolerance=0)
    with pytest.raises(Cancelled):
        project(paths(), asked, watch)
    assert 2 < len(told) < 300


def test_tsne_stops_once_it_has_settled_unless_told_not_to():
    states = paths(depths=12, strings=12)
    asked = QUICK.but(iterations=3000, tolerance=0.01)
    settled = project(states, asked)
    full = project(states, asked.but(tolerance=0))
    assert settled.iterations < full.iterations == 3000
    assert settled.kl_divergence < 1.25 * full.kl_divergence
    assert f"{settled.iterations} of 3000 iterations" in settled.description


def test_a_grid_has_each_perplexitys_own_map_and_quality():
    states = paths(depths=10, strings=8)
    grid = perplexity_grid(states, QUICK, [3, 12, 90])
    assert [made.settings.perplexity for made in grid] == [3, 12, pytest.approx(71 / 3)]
    assert [len(made.notes) for made in grid] == [0, 0, 1]
    alone = project(states, QUICK.but(perplexity=12))
    np.testing.assert_array_equal(grid[1].points, alone.points)
    assert grid[1].quality == alone.quality
    with pytest.raises(ValueError, match="at least one"):
        perplexity_grid(states, QUICK, [])


def test_stability_is_perfect_for_pca_and_less_so_from_random_starts():
    states = paths(depths=10, strings=8)
    assert seed_stability(states, QUICK.but(method="pca"), 3).mean == pytest.approx(0, abs=1e-12)
    found = seed_stability(states, QUICK.but(start="random"), 3)
    assert len(found.disparities) == 2
    assert 0 < found.mean <= 1
    assert found.spread >= 0
    with pytest.raises(ValueError, match="from 2 to 20"):
        seed_stability(states, QUICK, 1)


def test_importing_the_projections_imports_no_slow_library():
    slow = ["umap", "openTSNE", "sklearn", "numba", "torch"]
    loaded = f"print([m for m in {slow} if m in sys.modules])"
    script = [sys.executable, "-c", f"import sys, fretboard.lens.maps.project; {loaded}"]
    shown = subprocess.run(script, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
