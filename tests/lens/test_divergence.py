"""Divergences against scipy and a float64 reference, on fresh random distributions."""

import math

import numpy as np
import pytest
import torch
from scipy.special import log_softmax, rel_entr

from fretboard.lens.divergence import adjacent, jensen_shannon, paper_code, symmetric_kl
from tests.support.random_data import fresh


@pytest.fixture(params=[0.1, 3.0, 30.0], ids=["flat", "usual", "peaked"])
def log_pq(request) -> np.ndarray:
    """(2, 50, 1000) float64 log-probabilities."""
    return log_softmax(fresh().normal(size=(2, 50, 1000)) * request.param, axis=-1)


def as_float32(log_pq: np.ndarray) -> list[torch.Tensor]:
    return [torch.from_numpy(part).float() for part in log_pq]


def reference_jsd(log_pq: np.ndarray) -> np.ndarray:
    p, q = np.exp(log_pq)
    m = (p + q) / 2
    return (rel_entr(p, m).sum(-1) + rel_entr(q, m).sum(-1)) / 2


def test_jsd_agrees_with_scipy(log_pq):
    got = jensen_shannon(*as_float32(log_pq)).numpy()
    np.testing.assert_allclose(got, reference_jsd(log_pq), atol=1e-5)


def test_jsd_is_symmetric_bounded_and_zero_for_equals(log_pq):
    p, q = as_float32(log_pq)
    np.testing.assert_allclose(jensen_shannon(p, q), jensen_shannon(q, p), atol=1e-6)
    assert float(jensen_shannon(p, q).max()) <= math.log(2)
    assert float(jensen_shannon(p, p).abs().max()) < 1e-6


def test_jsd_of_disjoint_distributions_is_ln_2():
    p = torch.tensor([0.0, -torch.inf])
    assert float(jensen_shannon(p, p.flip(0))) == pytest.approx(math.log(2))


def test_symmetric_kl_agrees_with_scipy(log_pq):
    p, q = np.exp(log_pq)
    expected = (rel_entr(p, q).sum(-1) + rel_entr(q, p).sum(-1)) / 2
    np.testing.assert_allclose(symmetric_kl(*as_float32(log_pq)), expected, rtol=1e-3, atol=1e-5)


def test_paper_code_agrees_with_its_formula_in_float64(log_pq):
    log_p, log_q = log_pq
    m = (np.exp(log_p) + np.exp(log_q)) / 2
    expected = ((m * (np.log(m) - log_p)).mean(-1) + (m * (np.log(m) - log_q)).mean(-1)) / 2
    got = paper_code(*map(torch.from_numpy, log_pq)).numpy()
    np.testing.assert_allclose(got, expected, rtol=1e-9)


def test_adjacent_pairs_each_depth_with_the_next():
    log_p = torch.randn(5, 3, 40).log_softmax(-1)
    got = adjacent(log_p)
    assert got.shape == (4, 3)
    np.testing.assert_allclose(got[2], jensen_shannon(log_p[2], log_p[3]))
