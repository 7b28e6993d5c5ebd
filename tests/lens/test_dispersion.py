"""The guitar: planted neck ends are found, flat data has none, and scale does not matter."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from fretboard.lens.dispersion import disperse
from tests.support.random_data import fresh

SETS = 40


def guitar(layers, images, end, noise, width=96, massive=True):
    """(layers+1, images, width): from depth `end` each image goes a way of its own."""
    random = fresh()
    shared = np.cumsum(random.standard_normal((layers + 1, 1, width)), axis=0)
    shared /= np.linalg.norm(shared, axis=2, keepdims=True)
    own = random.standard_normal((images, width)) * (np.arange(layers + 1) >= end)[:, None, None]
    jitter = noise * random.standard_normal((layers + 1, images, width))
    states = shared + (own + jitter) / np.sqrt(width)
    if massive:
        states[..., :2] *= 30
    growth = np.linspace(0, 4, layers + 1)[:, None, None]
    return states * np.exp(growth + 0.3 * random.standard_normal((layers + 1, images, 1)))


@pytest.mark.parametrize("noise", [0.2, 0.5, 0.8])
def test_a_planted_neck_end_is_found_within_one_depth_in_19_of_20_sets(noise):
    random = fresh()
    near, held, ranks = [], [], []
    for _ in range(SETS):
        layers = int(random.integers(12, 81))
        end = int(random.integers(3, layers - 1))
        made = disperse(guitar(layers, int(random.integers(6, 14)), end, noise))
        near.append(abs(made.neck_end.depth - end) <= 1)
        low, high = made.neck_end.interval
        held.append(low <= made.neck_end.depth <= high)
        ranks.append(made.control.rank)
        assert made.neck_end.neck < made.neck_end.body
    assert np.mean(near) >= 0.95
    assert np.mean(held) >= 0.95
    assert np.mean(np.array(ranks) <= 0.05) >= 0.95


def test_without_a_guitar_the_rank_is_that_of_chance():
    """Depths in any order are alike: a rank of 0.05 or less comes up in about 5 % of the sets."""
    random = fresh()
    ranks, explained = [], []
    for _ in range(SETS):
        own = random.standard_normal((1, 8, 64)) + random.standard_normal((1, 1, 64))
        made = disperse(own + random.standard_normal((31, 8, 64)))
        ranks.append(made.control.rank)
        explained.append(made.neck_end.explained)
    assert np.mean(np.array(ranks) <= 0.05) <= 0.25  # 40 sets: 11 or more about once in 10⁵ runs
    assert np.mean(np.array(ranks) <= 0.5) <= 0.9
    assert np.mean(explained) < 0.4


def test_a_profile_that_wanders_without_a_guitar_has_a_neck_and_body_that_are_alike():
    for _ in range(10):
        found = disperse(guitar(30, 10, 0, noise=0.5)).neck_end
        assert found.depth is None or found.body < 1.25 * found.neck


def test_shuffling_the_depths_takes_the_guitar_away():
    made = disperse(guitar(32, 12, 18, noise=0.3))
    assert made.neck_end.explained > 0.9
    assert np.quantile(made.control.explained, 0.95) < 0.6
    assert made.control.rank == pytest.approx(1 / 201)


def test_the_profile_is_one_less_the_mean_cosine_of_all_pairs():
    states = guitar(9, 7, 4, noise=0.5)
    made = disperse(states, drop_first_depth=False)
    unit = states / np.linalg.norm(states, axis=2, keepdims=True)
    expected = [pdist(depth / np.sqrt((depth**2).mean(axis=0)), "cosine").mean() for depth in unit]
    np.testing.assert_allclose(made.profile, expected, rtol=1e-9)
    assert made.first_depth == 0
    assert made.profile.max() <= 7 / 6


def test_the_length_of_a_state_does_not_matter():
    states = guitar(12, 6, 5, noise=0.3)
    lengths = np.exp(3 * fresh().standard_normal((*states.shape[:2], 1)))
    first, second = disperse(states), disperse(states * lengths)
    np.testing.assert_allclose(first.profile, second.profile, rtol=1e-9)
    assert first.neck_end.depth == second.neck_end.depth


def test_massive_columns_do_not_decide():
    states = guitar(24, 10, 13, noise=0.5, massive=False)
    massive = states.copy()
    massive[..., :2] *= 100
    first, second = disperse(states), disperse(massive)
    assert first.neck_end.depth == second.neck_end.depth == pytest.approx(13, abs=1)
    np.testing.assert_allclose(first.profile, second.profile, atol=0.1)


def test_depths_count_applied_layers_whether_or_not_depth_0_is_dropped():
    states = guitar(20, 10, 11, noise=0.2)
    assert disperse(states).neck_end.depth == 11
    assert disperse(states, drop_first_depth=False).neck_end.depth == 11


def test_equal_images_have_no_neck_end():
    one = guitar(10, 2, 5, noise=0.3)[:, :1]
    made = disperse(np.repeat(one, 5, axis=1))
    np.testing.assert_allclose(made.profile, 0, atol=1e-12)
    assert made.neck_end.depth is None
    assert made.neck_end.explained == 0
    assert made.control.rank > 0.5


def test_a_falling_dispersion_has_no_neck_end():
    random = fresh()
    common = np.abs(random.standard_normal(2000))
    own = random.standard_normal((1, 12, 2000))  # wide: nearly at right angles to all others
    made = disperse(own + common * np.linspace(0, 3, 15)[:, None, None])
    assert (np.diff(made.profile) < 0).all()
    assert made.neck_end.depth is None
    assert made.control.rank > 0.5


def test_two_images_have_a_neck_end_without_interval_and_the_rest_is_reproducible():
    states = guitar(14, 2, 6, noise=0.1)
    assert disperse(states).neck_end.interval is None
    many = guitar(14, 5, 6, noise=0.1)
    first, second = disperse(many, seed=3), disperse(many, seed=3)
    assert first.neck_end == second.neck_end
    np.testing.assert_array_equal(first.control.explained, second.control.explained)


@pytest.mark.parametrize(
    ("states", "words"),
    [
        (np.ones((5, 1, 4)), "at least 2"),
        (np.ones((3, 4, 4)), "at least 3"),
        (np.zeros((5, 4, 4)), "is zero"),
        (np.full((5, 4, 4), np.nan), "infinite or undefined"),
        (np.ones((5, 4)), "is needed"),
    ],
)
def test_what_has_no_dispersion_says_why(states, words):
    with pytest.raises(ValueError, match=words):
        disperse(states)
