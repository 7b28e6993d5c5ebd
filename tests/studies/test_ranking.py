"""The area under many weightings, against scikit-learn's, one by one."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from fretboard.studies.ranking import weighted_auroc
from tests.support.random_data import fresh


@pytest.mark.parametrize("levels", [3, 1000])
def test_it_is_scikit_learn_s_area_with_and_without_ties(levels):
    random = fresh()
    labels = random.permutation(np.arange(60) % 3 == 0)
    scores = random.integers(0, levels, 60) / levels
    weights = random.integers(0, 4, (25, 60)) + 0.01
    expected = [roc_auc_score(labels, scores, sample_weight=row) for row in weights]
    np.testing.assert_allclose(weighted_auroc(scores, labels, weights), expected, atol=1e-12)


def test_a_draw_of_one_label_alone_has_none():
    labels = np.array([True, True, False])
    found = weighted_auroc(np.array([0.1, 0.9, 0.5]), labels, np.array([[1, 1, 0], [1, 1, 1]]))
    assert np.isnan(found[0])
    assert found[1] == 0.5
