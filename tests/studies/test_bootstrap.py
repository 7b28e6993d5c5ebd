"""Intervals over images against scipy and against a loop that draws images one by one."""

import numpy as np
import pytest
from scipy import stats

from fretboard.studies.statistics import Estimate, ImageBootstrap, sample
from tests.support.random_data import fresh


@pytest.fixture
def random():
    return fresh()


def clustered(random, images=40):
    """Values that lean together within an image; (names, values)."""
    sizes = random.integers(1, 9, images)
    names = np.repeat([f"image {i}" for i in range(images)], sizes)
    return names, np.repeat(random.normal(size=images), sizes) + random.normal(size=len(names))


@pytest.mark.parametrize("statistic", ["mean", "median"])
def test_one_value_an_image_agrees_with_scipy(random, statistic):
    values = random.integers(0, 30, 80).astype(float)
    names = np.array([f"{i:03}" for i in range(80)])
    found = getattr(ImageBootstrap(names, 20_000), statistic)(sample(names, values))
    function = getattr(np, statistic)
    reference = stats.bootstrap((values,), function, method="percentile", n_resamples=20_000)
    assert found.value == function(values)
    slack = 0.05 * values.std() if statistic == "mean" else 1.0  # medians move in steps
    assert found.low == pytest.approx(reference.confidence_interval.low, abs=slack)
    assert found.high == pytest.approx(reference.confidence_interval.high, abs=slack)
    assert (found.n, found.images) == (80, 80)


@pytest.mark.parametrize("statistic", ["mean", "median"])
def test_whole_images_are_drawn(random, statistic):
    names, values = clustered(random)
    values = values.round()
    found = getattr(ImageBootstrap(names, 4000), statistic)(sample(names, values))
    by_image = [values[names == name] for name in np.unique(names)]
    function = getattr(np, statistic)
    draws = [
        function(np.concatenate([by_image[i] for i in random.integers(0, 40, 40)]))
        for _ in range(4000)
    ]
    low, high = np.quantile(draws, [0.025, 0.975])
    slack = 0.1 * (high - low) + (0.5 if statistic == "median" else 0)
    assert found.low == pytest.approx(low, abs=slack)
    assert found.high == pytest.approx(high, abs=slack)


def test_missing_values_and_images_without_values_are_left_out(random):
    names, values = clustered(random)
    values[names == "image 3"] = np.nan
    found = ImageBootstrap(names).mean(sample(names, values))
    assert found.value == pytest.approx(np.nanmean(values))
    assert found.images == 39
    assert found.n == np.isfinite(values).sum()


def test_too_few_images_give_no_interval_and_no_values_no_estimate():
    boot = ImageBootstrap(np.array(["a", "b"]))
    alone = boot.mean(sample(np.array(["a", "a"]), np.array([1.0, 2.0])))
    assert (alone.value, alone.low, alone.high, alone.n) == (1.5, None, None, 2)
    nothing = boot.median(sample(np.array(["a"]), np.array([np.nan])))
    assert (nothing.value, nothing.n) == (None, 0)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_share_of_none_or_all_is_not_certain(value):
    names = np.array([f"{i}" for i in range(20)])
    found = ImageBootstrap(names).share(sample(names, np.full(20, value)))
    assert found.high - found.low == pytest.approx(0.161, abs=0.002)  # Wilson, n = 20


def test_paired_differences_are_narrower_than_unpaired_ones(random):
    names, values = clustered(random)
    later = sample(names, values + 0.5 + 0.01 * random.normal(size=len(values)))
    earlier = sample(names, values)
    one, two = ImageBootstrap(names), ImageBootstrap(names, seed=1)
    paired = one.difference(later, earlier)
    unpaired = one.difference(later, earlier, two)
    assert paired.value == pytest.approx(0.5, abs=0.01)
    assert (paired.high - paired.low) < 0.2 * (unpaired.high - unpaired.low)


def test_the_interval_covers_the_true_mean(random):
    """95 % intervals of clustered data cover; ones that take tokens as independent would not."""
    covered = 0
    for _ in range(200):
        names, values = clustered(random)
        found = ImageBootstrap(names, 400).mean(sample(names, values))
        covered += found.low < 0 < found.high
    assert covered >= 165  # of 190 expected; with tokens as independent about 140 would be


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (Estimate(5.2, 5.014, 5.386, 40, 8), "5.20 (5.01 to 5.39)"),
        (Estimate(-0.001, None, None, 1, 1), "0.00"),
        (Estimate(None, None, None, 0, 0), "–"),
    ],
)
def test_an_estimate_is_written_with_its_interval(estimate, text):
    assert estimate.text() == text


def test_an_estimate_may_say_what_it_rests_on_or_be_in_per_cent():
    share = Estimate(0.5, 0.4, 0.625, 40, 8)
    assert share.text(3, counted=True) == "0.500 (0.400 to 0.625; n = 40)"
    assert share.percent() == "50.0 % (40.0 to 62.5)"
    assert Estimate(2.0, None, None, 1, 1).text(counted=True) == "2.00 (n = 1)"
    assert Estimate(None, None, None, 0, 0).text(counted=True) == "none found"
