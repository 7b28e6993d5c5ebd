"""The hallucination score on trajectories whose rival is planted."""

import numpy as np
import pytest

from fretboard.lens.flags import lead_score
from tests.support.random_data import fresh

LAYERS, CRITICAL, TAKEOVER = 12, 6, 11
EMITTED, RIVAL, OTHER = 7, 3, 5


def trajectory(leads):
    """Arrays of a token from {depth: (leader, its probability, the emitted one's)}."""
    told = [leads.get(d, (EMITTED, 0.9, 0.9)) for d in range(LAYERS + 1)]
    leaders, leading, emitted = (np.array(column) for column in zip(*told, strict=True))
    return emitted.astype(np.float32), leaders, leading.astype(np.float32)


def scored(leads, critical=CRITICAL, emergence=TAKEOVER):
    return lead_score(*trajectory(leads), critical, emergence)


def planted(lead, own=0.1):
    return dict.fromkeys(range(4, TAKEOVER), (RIVAL, lead, own))


def test_a_rival_that_led_until_late_and_lost_scores_high_and_is_named():
    found = scored(planted(0.95, 0.02))
    assert found.score == pytest.approx((TAKEOVER - CRITICAL) / (LAYERS - CRITICAL) * 0.93)
    lead = found.lead
    assert (lead.rival_id, lead.from_depth, lead.to_depth, lead.overturned_at) == (RIVAL, 4, 10, 11)


def test_a_word_that_nobody_led_from_the_critical_depth_on_scores_nothing():
    early = dict.fromkeys(range(CRITICAL), (RIVAL, 0.9, 0.0))
    assert scored(early, emergence=CRITICAL) == scored({}, emergence=0)
    assert scored({}, emergence=0).score == 0
    assert scored({}, emergence=0).lead is None


def test_the_score_grows_with_the_margin_and_with_the_length_of_the_lead():
    margins = np.sort(fresh().uniform(0.15, 1.0, 4))
    by_margin = [scored(planted(lead)).score for lead in margins]
    assert by_margin == sorted(by_margin)
    assert by_margin[0] < by_margin[-1]
    by_length = [
        scored(dict.fromkeys(range(CRITICAL, end), (RIVAL, 0.8, 0.1)), emergence=end).score
        for end in range(CRITICAL + 1, LAYERS + 1)
    ]
    assert all(np.diff(by_length) > 0)
    assert by_length[-1] == pytest.approx(0.7)


def test_rivals_do_not_add_up_and_the_strongest_is_named():
    leads = dict.fromkeys((6, 7, 8), (OTHER, 0.5, 0.1)) | dict.fromkeys((9, 10), (RIVAL, 0.9, 0.1))
    found = scored(leads)
    assert found.score == pytest.approx(2 * 0.8 / 6)
    assert found.lead.rival_id == RIVAL


def test_the_score_agrees_with_a_plain_sum_over_random_tables():
    random = fresh()
    for _ in range(20):
        table = random.dirichlet(np.full(8, 0.3), LAYERS + 1)
        emitted_id = int(table[-1].argmax())
        leaders = table.argmax(1)
        behind = [d for d in range(LAYERS + 1) if leaders[d] != emitted_id]
        critical = int(random.integers(1, LAYERS))
        found = lead_score(
            table[:, emitted_id], leaders, table.max(1), critical, max(behind, default=-1) + 1
        )
        sums = [
            sum(
                table[d, rival] - table[d, emitted_id]
                for d in range(critical, LAYERS)
                if leaders[d] == rival
            )
            for rival in range(8)
        ]
        assert found.score == pytest.approx(max(sums) / (LAYERS - critical))
        assert 0 <= found.score <= 1


@pytest.mark.parametrize(("critical", "emergence"), [(None, 3), (5, None)])
def test_without_a_critical_depth_or_a_lead_at_the_end_there_is_no_score(critical, emergence):
    assert lead_score(*trajectory({}), critical, emergence) is None
