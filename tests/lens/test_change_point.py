import numpy as np
import pytest

from fretboard.lens.change_point import change_points, resampled_interval
from tests.support.random_data import fresh


def by_trying_all(profile: np.ndarray, rising: bool) -> int:
    """The split with the least squared error among those that fall (or rise)."""
    best, least = 1, np.inf
    for split in range(1, len(profile)):
        left, right = profile[:split], profile[split:]
        if (left.mean() < right.mean()) != rising:
            continue
        error = ((left - left.mean()) ** 2).sum() + ((right - right.mean()) ** 2).sum()
        if error < least - 1e-12:
            best, least = split, error
    return best


@pytest.mark.parametrize("rising", [False, True])
def test_agrees_with_trying_every_split(rising):
    profiles = fresh().normal(size=(50, 23)).cumsum(axis=1)
    found = change_points(profiles, rising)
    assert found.tolist() == [by_trying_all(profile, rising) for profile in profiles]


def test_the_interval_covers_a_planted_step_and_widens_with_noise():
    random = np.random.default_rng(3)
    step = np.where(np.arange(30) < 11, 1.0, 0.0)[:, None]
    sharp = resampled_interval(step + 0.01 * random.normal(size=(30, 20)), 300, 0.9, 0)
    noisy = resampled_interval(step + 2.5 * random.normal(size=(30, 20)), 300, 0.9, 0)
    assert sharp == (11, 11)
    assert noisy[0] <= 11 <= noisy[1]
    assert noisy[1] - noisy[0] > 0
