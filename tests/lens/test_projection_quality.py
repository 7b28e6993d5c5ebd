"""Quality figures against scikit-learn, brute force and scipy, on fresh random points."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.manifold import trustworthiness

from fretboard.lens.maps import quality as map_quality
from fretboard.lens.maps.quality import measure, stability
from tests.support.random_data import fresh


def points(count, width=30, seed=None):
    random = fresh() if seed is None else np.random.default_rng(seed)
    original = random.standard_normal((count, width)) * np.exp(random.standard_normal(width))
    return original, original[:, :2] + 0.3 * random.standard_normal((count, 2))


@pytest.mark.parametrize("count", [23, 60, 301])
@pytest.mark.parametrize("k", [3, 10])
def test_trustworthiness_and_continuity_are_scikit_learns(count, k):
    original, made = points(count)
    found = measure(original, [made], k)[0]
    assert found.trustworthiness == pytest.approx(trustworthiness(original, made, n_neighbors=k))
    assert found.continuity == pytest.approx(trustworthiness(made, original, n_neighbors=k))
    assert found.neighbours == k


def test_the_overlap_is_that_of_brute_force():
    original, made = points(150)
    near = [cdist(space, space).argsort(axis=1)[:, 1:11] for space in (original, made)]
    shared = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(*near, strict=True)])
    assert measure(original, [made])[0].neighbour_overlap == pytest.approx(shared)


def test_chunks_of_rows_and_several_maps_change_nothing(monkeypatch):
    original, made = points(97)
    whole = measure(original, [made, original])
    monkeypatch.setattr(map_quality, "CHUNK_VALUES", 97 * 13)
    looks = []
    chunked = measure(original, [made, original], look=lambda: looks.append(1))
    assert len(looks) == 8
    for one, other in zip(whole, chunked, strict=True):
        assert vars(one) == pytest.approx(vars(other))


def test_a_faithful_map_is_perfect_wherever_it_lies():
    original, _ = points(80)
    turned = np.linalg.qr(fresh().standard_normal((30, 30)))[0]
    found = measure(original + 1e4, [3 * original @ turned - 5])[0]
    assert (found.trustworthiness, found.continuity) == (1, 1)
    assert found.neighbour_overlap == 1


def test_a_random_map_is_about_half_right():
    original, _ = points(600)
    found = measure(original, [fresh().standard_normal((600, 2))])[0]
    assert found.trustworthiness == pytest.approx(0.5, abs=0.05)
    assert found.continuity == pytest.approx(0.5, abs=0.05)
    assert found.neighbour_overlap < 0.05


def test_neighbours_are_clipped_to_the_points():
    original, made = points(5)
    assert measure(original, [made])[0].neighbours == 2
    with pytest.raises(ValueError, match="at least 3"):
        measure(original[:2], [made[:2]])


def test_points_that_coincide_do_no_harm():
    original, made = points(40)
    original[20:], made[20:] = original[:20], made[:20]
    found = measure(original, [original, made])
    assert found[0].trustworthiness == 1
    assert 0 <= found[1].neighbour_overlap <= 1


def test_stability_is_the_procrustes_disparity():
    """After both are centred and of size one: 1 − (sum of singular values of AᵀB)²."""
    random = fresh()
    one, other = random.standard_normal((2, 50, 3))
    sized = [made - made.mean(axis=0) for made in (one, other)]
    a, b = (made / np.linalg.norm(made) for made in sized)
    expected = 1 - np.linalg.svd(a.T @ b, compute_uv=False).sum() ** 2
    turned = one @ np.linalg.qr(random.standard_normal((3, 3)))[0] * 7 + 3
    found = stability([one, other, turned])
    assert found.disparities == pytest.approx((expected, 0), abs=1e-12)
    assert found.mean == pytest.approx(expected / 2)
    assert found.spread == pytest.approx(expected)
    with pytest.raises(ValueError, match="at least 2"):
        stability([one])
