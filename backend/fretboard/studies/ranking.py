"""AUROC under many weightings at once: what a bootstrap needs, thousands of times."""

import numpy as np


def weighted_auroc(scores: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(draws,) areas under the ROC curve, ties counted half; NaN for a draw of one label alone.

    scores (n,), larger where the label is likelier; labels (n,) bool; weights (draws, n). The same
    as scikit-learn's `roc_auc_score` with `sample_weight`, which sorts anew for every draw.
    """
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=-np.inf))
    ordered = weights[:, order]
    true = np.add.reduceat(ordered * labels[order], starts, axis=1)
    false = np.add.reduceat(ordered * ~labels[order], starts, axis=1)
    below = np.cumsum(false, axis=1) - false / 2
    with np.errstate(invalid="ignore"):
        areas: np.ndarray = (true * below).sum(1) / (true.sum(1) * false.sum(1))
    return areas
