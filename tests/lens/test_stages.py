"""Stages on synthetic answers whose nodes are planted."""

import numpy as np
import pytest

from fretboard.core.reading import Thresholds
from fretboard.lens.stages import critical_depth, detect
from tests.support.random_data import fresh

LAYERS = (12, 20, 32, 48, 80)
NOISE = (0.1, 0.3, 0.5)  # standard deviation of log JSD
ANSWERS, TOKENS = 15, 30


def planted(layers, tokens, critical, mutation=None, noise=0.25, seed=None):
    """(jsd, probability, rank, leaders): high JSD before `critical`, a peak into `mutation`.

    mutation: (tokens,) depths, 0 for none, or one depth for all.
    """
    random = fresh() if seed is None else np.random.default_rng(seed)
    pairs, depths = np.arange(layers)[:, None], np.arange(layers + 1)[:, None]
    at = np.broadcast_to(0 if mutation is None else mutation, (tokens,))
    jsd = np.where(pairs < critical, 0.2, 0.006) * random.lognormal(0, noise, (layers, tokens))
    jsd = np.where(pairs == at - 1, 0.15, np.minimum(jsd, np.log(2)))
    rival_leads = (depths >= critical) & (depths < at)
    leaders = np.where(depths < critical, 3, np.where(rival_leads, 5, 7))
    rank = np.where(leaders == 7, 1, 2)
    return jsd, np.where(leaders == 7, 0.9, 0.1), rank, leaders


def random_plants(noise, share):
    """Answers with random lengths and nodes: (data, critical depth, mutation depths)."""
    random = fresh()
    for layers in LAYERS:
        for _ in range(ANSWERS):
            critical = int(random.integers(max(3, layers // 4), int(0.65 * layers) + 1))
            at = random.integers(critical + 3, layers + 1, TOKENS)
            at = np.where(random.random(TOKENS) < share, at, 0)
            yield planted(layers, TOKENS, critical, at, noise), critical, at


@pytest.mark.parametrize("noise", NOISE)
def test_planted_nodes_are_found(noise):
    """Critical depth within ±1 in ≥ 95 %, mutations with precision and recall ≥ 0.9."""
    near, found, hits, planted_count = [], 0, 0, 0
    for data, critical, at in random_plants(noise, share=0.3):
        report = detect(*data, Thresholds(resamples=2))
        near.append(
            report.critical_depth is not None and abs(report.critical_depth - critical) <= 1
        )
        got = np.array([token.mutation_depth or 0 for token in report.tokens])
        found += (got > 0).sum()
        planted_count += (at > 0).sum()
        hits += ((got > 0) & (at > 0) & (abs(got - at) <= 1)).sum()
    assert np.mean(near) >= 0.95
    assert hits / found >= 0.9
    assert hits / planted_count >= 0.9


@pytest.mark.parametrize("noise", NOISE)
def test_without_planted_mutations_at_most_five_percent_are_seen(noise):
    classes = [
        token.token_class
        for data, _, _ in random_plants(noise, share=0)
        for token in detect(*data, Thresholds(resamples=2)).tokens
    ]
    assert classes.count("mutation") <= 0.05 * len(classes)


@pytest.mark.parametrize("layers", [12, 32, 80])
@pytest.mark.parametrize("share", [0.3, 0.5, 0.7])
def test_a_planted_critical_depth_is_found(layers, share):
    critical = round(layers * share)
    for _ in range(20):
        jsd, *_ = planted(layers, 20, critical)
        assert critical_depth(jsd) == pytest.approx(critical, abs=1)


def test_a_planted_mutation_is_a_reversal_of_the_rival_that_led():
    report = detect(*planted(32, 10, 12, mutation=[27] * 4 + [0] * 6), Thresholds())
    assert (report.verdict, report.critical_depth) == ("stages", 12)
    for token in report.tokens[:4]:
        assert token.token_class == "mutation"
        assert token.mutation_depth == 27
        assert token.emergence == 27
        assert token.reversal is not None
        assert (token.reversal.rival_id, token.reversal.overturned_at) == (5, 27)
        assert (token.reversal.from_depth, token.reversal.to_depth) == (12, 26)


def test_interval_holds_the_critical_depth_and_is_reproducible():
    data = planted(24, 15, 9, seed=1)
    first, second = detect(*data, Thresholds()), detect(*data, Thresholds())
    assert first == second
    low, high = first.critical_interval
    assert low <= 9 <= high


def test_the_mixed_last_pair_is_left_out():
    jsd, *rest = planted(16, 10, 6)
    jsd[-1, :4] = 0.5  # what the raw lens shows where raw and normed states meet
    with_pair = detect(jsd, *rest, Thresholds())
    without = detect(jsd, *rest, Thresholds(), mixed_last_pair=True)
    assert {t.token_class for t in with_pair.tokens[:4]} == {"mutation"}
    assert {t.token_class for t in without.tokens} == {"stable"}


def test_answers_too_short_to_tell_have_no_stages():
    report = detect(*planted(2, 1, 1), Thresholds())
    assert (report.verdict, report.critical_depth) == ("none", None)
    assert report.tokens[0].token_class is None


def test_a_given_critical_depth_replaces_the_detected_one():
    report = detect(*planted(32, 10, 12, mutation=27), Thresholds(critical_depth=20))
    assert (report.verdict, report.critical_depth) == ("given", 20)
    assert report.critical_interval is None
    assert {token.mutation_depth for token in report.tokens} == {27}


@pytest.mark.parametrize(("layers", "critical", "first"), [(32, 18, 19), (16, 9, 10), (80, 45, 48)])
def test_the_paper_preset_uses_its_fixed_ranges(layers, critical, first):
    jsd, probability, rank, leaders = planted(layers, 3, 5)
    jsd[first - 1] = 0.6  # larger, but before the range
    jsd[first, 0], jsd[layers - 1, 1], jsd[first:, 2] = 0.5, 0.4, 0.001
    report = detect(jsd, probability, rank, leaders, Thresholds(), method="paper")
    assert report.critical_depth == critical
    assert [t.mutation_depth for t in report.tokens] == [first + 1, layers, None]
    assert [t.token_class for t in report.tokens] == ["mutation", "mutation", "stable"]


@pytest.mark.parametrize(
    "wrong", [{"interval": 1.0}, {"mutation_min_jsd": 0.7}, {"resamples": 0}, {"reversal_share": 2}]
)
def test_thresholds_out_of_range_are_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Thresholds(**wrong)


def test_a_critical_depth_beyond_the_model_is_refused():
    with pytest.raises(ValueError, match="1 to 31"):
        detect(*planted(32, 4, 12), Thresholds(critical_depth=32))
