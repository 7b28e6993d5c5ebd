"""No stages is an answer: on a pretrained text model, random weights, and profiles without any."""

import numpy as np
import pytest

from fretboard.core.reading import Thresholds
from fretboard.lens.stages import critical_depth, detect
from fretboard.lens.verdict import FEWEST_TOKENS, objection
from tests.support.random_data import fresh
from tests.support.stage_profiles import (
    FAMILIES,
    Profiles,
    measured,
    nulls,
    planted_answer,
    random_answer,
)

FALSE = 0.05
FOUND = 0.95


@pytest.fixture(scope="module")
def real() -> list[Profiles]:
    return measured()


def shown(answers, thresholds=None) -> list[bool]:
    return [objection(*answer, thresholds or Thresholds()) is None for answer in answers]


def test_a_pretrained_text_model_shows_none(real):
    """Answers of SmolLM2-135M; most of them change in the first two pairs alone."""
    reasons = [objection(*answer, Thresholds()) for answer in real]
    assert len(reasons) >= 60
    assert reasons.count(None) <= FALSE * len(reasons)
    early = [r for r in reasons if r and r.startswith("a change in the first 2 pairs alone")]
    assert len(early) > len(real) / 2
    assert sum("two views that disagree" in (r or "") for r in reasons) > len(real) / 2


def test_parts_of_its_answers_show_none_either(real):
    parts = [
        Profiles(jsd[:, at : at + FEWEST_TOKENS], probability[:, at : at + FEWEST_TOKENS])
        for jsd, probability in real
        for at in range(0, jsd.shape[1] - FEWEST_TOKENS + 1, 3 * FEWEST_TOKENS)
    ]
    assert np.mean(shown(parts)) <= FALSE


@pytest.mark.parametrize("family", FAMILIES)
def test_random_weights_show_none(family):
    seed = int(fresh().integers(10**6))
    answers = [random_answer(family, 12, spread, seed + i) for i, spread in enumerate((0, 0.1))]
    assert not any(shown(answers))


def test_stages_planted_under_real_noise_and_a_late_rise_are_found(real):
    random = fresh()
    answers, depths = zip(*(planted_answer(answer, random) for answer in real[::4]), strict=True)
    assert np.mean(shown(answers)) >= FOUND
    pairs = zip(answers, depths, strict=True)
    assert np.mean([abs(critical_depth(a.jsd) - depth) <= 1 for a, depth in pairs]) >= FOUND


def test_profiles_of_another_shape_show_none_though_words_take_shape(real):
    random = fresh()
    shapes = [dict(nulls(random, answer)) for answer in real[::4]]
    for name in shapes[0]:
        assert np.mean(shown([shape[name] for shape in shapes])) <= FALSE, name


def test_stages_that_the_words_contradict_are_none(real):
    """The same divergence, but words that take shape in the last layers."""
    random = fresh()
    for answer in real[:20]:
        found, _ = planted_answer(answer, random)
        late = np.zeros_like(found.probability)
        late[-2:] = found.probability[-1]
        told = objection(found.jsd, late, Thresholds())
        assert told is not None
        assert "two views that disagree" in told


def test_none_takes_everything_away_that_needs_stages(real):
    for jsd, probability in real[:10]:
        rank = np.where(probability == probability.max(axis=0), 1, 2)
        report = detect(jsd, probability, rank, np.where(rank == 1, 7, 5), Thresholds())
        assert (report.verdict, report.critical_depth, report.critical_interval) == (
            "none", None, None,
        )  # fmt: skip
        assert report.objection
        nodes = {(t.token_class, t.mutation_depth, t.reversal) for t in report.tokens}
        assert nodes == {(None, None, None)}


def test_given_nodes_are_not_put_to_the_test(real):
    jsd, probability = real[0]
    rank = np.ones_like(probability, int)
    for method, thresholds in (
        ("paper", Thresholds()),
        ("automatic", Thresholds(critical_depth=9)),
    ):
        report = detect(jsd, probability, rank, rank, thresholds, method)
        assert (report.verdict, report.objection) == ("given", None)
        assert report.critical_depth is not None


def test_the_thresholds_decide(real):
    answer, _ = planted_answer(real[0], fresh())
    strict = (Thresholds(stage_drop=1000), Thresholds(stage_gain=1.0))
    assert [shown([answer], thresholds) for thresholds in strict] == [[False], [False]]
