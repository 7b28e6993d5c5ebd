"""The readout against a plain float64 computation, and its memory bound."""

import numpy as np
import pytest
import torch
from scipy.special import log_softmax

from fretboard.lens import readout
from fretboard.lens.readout import LogitLens, distribution, read_out

DEPTHS, TOKENS, WIDTH, VOCABULARY = 6, 11, 24, 300


@pytest.fixture
def parts():
    weight = torch.randn(VOCABULARY, WIDTH)
    states = torch.randn(DEPTHS, TOKENS, WIDTH) * torch.arange(1, DEPTHS + 1)[:, None, None]
    emitted = torch.randint(0, VOCABULARY, (TOKENS,))
    return weight, states, emitted


def rms(states):
    return states / (states.square().mean(-1, keepdim=True) + 1e-6).sqrt()


def lens_of(weight, raw=False):
    return LogitLens(rms, lambda h: h @ weight.T, VOCABULARY, raw)


def reference(weight, states, raw):
    """float64 log-probabilities (depth, token, V) by numpy alone."""
    h, w = states.double().numpy(), weight.double().numpy()
    normed = h / np.sqrt((h**2).mean(-1, keepdims=True) + 1e-6)
    if raw:
        normed = np.concatenate([h[:-1], normed[-1:]])
    return log_softmax(normed @ w.T, axis=-1)


@pytest.mark.parametrize("raw", [False, True])
def test_every_array_agrees_with_float64(parts, raw):
    weight, states, emitted = parts
    got = read_out(lens_of(weight, raw), states, emitted, top_k=5)
    log_p = reference(weight, states, raw)
    own = np.take_along_axis(log_p, emitted.numpy()[None, :, None], -1)
    np.testing.assert_allclose(got.probability, np.exp(own[..., 0]), atol=1e-5)
    np.testing.assert_allclose(got.log_probability, own[..., 0], rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(got.rank, (log_p > own).sum(-1) + 1)
    np.testing.assert_allclose(got.entropy, -(np.exp(log_p) * log_p).sum(-1), atol=1e-4)
    order = np.argsort(-log_p, axis=-1)[..., :5]
    np.testing.assert_array_equal(got.top_ids, order)
    np.testing.assert_allclose(
        got.top_probabilities, np.exp(np.take_along_axis(log_p, order, -1)), atol=1e-5
    )
    p = np.exp(log_p)
    m = (p[1:] + p[:-1]) / 2
    jsd = [(a * (np.log(a) - np.log(m))).sum(-1) for a in (p[1:], p[:-1])]
    np.testing.assert_allclose(got.jsd, sum(jsd) / 2, atol=1e-4)


def test_chunks_give_the_same_as_one_piece(parts, monkeypatch):
    weight, states, emitted = parts
    whole = read_out(lens_of(weight), states, emitted, top_k=3)
    monkeypatch.setattr(readout, "CELLS_AT_ONCE", 2 * DEPTHS * VOCABULARY)
    pieces = read_out(lens_of(weight), states, emitted, top_k=3)
    for name, array in whole.arrays().items():
        np.testing.assert_allclose(pieces.arrays()[name], array, rtol=1e-5, atol=1e-6)


def test_distribution_is_the_column_of_one_token(parts):
    weight, states, _ = parts
    got = distribution(lens_of(weight), states[:, 4])
    np.testing.assert_allclose(got, reference(weight, states, False)[:, 4], rtol=1e-4, atol=1e-4)


def test_shapes_that_do_not_fit_are_named(parts):
    weight, states, emitted = parts
    with pytest.raises(ValueError, match=r"\(6, 11, 24\).*\(10,\).*\(depth, token, width\)"):
        read_out(lens_of(weight), states, emitted[:-1], top_k=3)
