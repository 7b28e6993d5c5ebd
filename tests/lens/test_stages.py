"""Stages on synthetic answers whose nodes are planted."""

import numpy as np
import pytest

from fretboard.lens.stages import Thresholds, critical_depth, detect


def planted(layers, tokens, critical, mutation=None, seed=None):
    """(jsd, probability, rank, leaders): high JSD before `critical`, a peak into `mutation`."""
    random = np.random.default_rng(seed)
    jsd = np.where(np.arange(layers)[:, None] < critical, 0.2, 0.005)
    jsd = jsd * random.lognormal(0, 0.25, (layers, tokens))
    leaders = np.full((layers + 1, tokens), 7)
    leaders[:critical] = 3
    if mutation is not None:
        jsd[mutation - 1] = 0.25
        leaders[critical:mutation] = 5
    rank = np.where(leaders == 7, 1, 2)
    probability = np.where(leaders == 7, 0.9, 0.1)
    return jsd, probability, rank, leaders


@pytest.mark.parametrize("layers", [12, 32, 80])
@pytest.mark.parametrize("share", [0.3, 0.5, 0.7])
def test_a_planted_critical_depth_is_found(layers, share):
    critical = round(layers * share)
    for _ in range(20):
        jsd, *_ = planted(layers, 20, critical)
        assert critical_depth(jsd) == pytest.approx(critical, abs=1)


def test_a_planted_mutation_is_a_reversal_of_the_rival_that_led():
    report = detect(*planted(32, 10, 12, mutation=27), Thresholds())
    assert report.critical_depth == 12
    for token in report.tokens:
        assert token.token_class == "mutation"
        assert token.mutation_depth == 27
        assert token.emergence == 27
        assert token.reversal is not None
        assert (token.reversal.rival_id, token.reversal.overturned_at) == (5, 27)
        assert (token.reversal.from_depth, token.reversal.to_depth) == (12, 26)


def test_without_a_planted_mutation_tokens_are_stable():
    reports = [detect(*planted(32, 50, 12), Thresholds()) for _ in range(10)]
    classes = [token.token_class for report in reports for token in report.tokens]
    assert classes.count("mutation") <= 0.05 * len(classes)


def test_interval_holds_the_critical_depth_and_is_reproducible():
    data = planted(24, 15, 9, seed=1)
    first, second = detect(*data, Thresholds()), detect(*data, Thresholds())
    assert first == second
    low, high = first.critical_interval
    assert low <= 9 <= high


def test_the_mixed_last_pair_is_left_out():
    jsd, *rest = planted(16, 10, 6)
    jsd[-1] = 0.5  # what the raw lens shows where raw and normed states meet
    with_pair = detect(jsd, *rest, Thresholds())
    without = detect(jsd, *rest, Thresholds(), mixed_last_pair=True)
    assert {t.token_class for t in with_pair.tokens} == {"mutation"}
    assert {t.token_class for t in without.tokens} == {"stable"}


def test_answers_too_short_to_tell_have_no_stages():
    report = detect(*planted(2, 1, 1), Thresholds())
    assert report.critical_depth is None
    assert report.tokens[0].token_class == "stable"
