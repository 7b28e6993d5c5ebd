"""The mathematics of fitted lenses: translation, tuning, nearest states."""

import pytest
import torch

from fretboard.lens.latent import TEMPERATURE, LatentLens
from fretboard.lens.readout import LogitLens, leaders, read_out, word_probability
from fretboard.lens.translation import Translation
from fretboard.lens.translators import Tuning

LAYERS, TOKENS, WIDTH, VOCABULARY = 3, 7, 16, 50
CPU = torch.device("cpu")


def rms(states):
    return states / (states.square().mean(-1, keepdim=True) + 1e-6).sqrt()


@pytest.fixture
def head():
    return torch.randn(VOCABULARY, WIDTH)


@pytest.fixture
def states():
    return torch.randn(LAYERS + 1, TOKENS, WIDTH)


def logit_lens(head, translate=None):
    return LogitLens(rms, lambda h: h @ head.T, VOCABULARY, translate=translate)


def test_a_translation_is_affine_and_leaves_depth_l_bit_for_bit(head, states):
    weight, bias = torch.randn(LAYERS, WIDTH, WIDTH), torch.randn(LAYERS, WIDTH)
    lens = logit_lens(head, Translation(weight, bias))
    got, plain = lens.log_probabilities(states), logit_lens(head).log_probabilities(states)
    assert torch.equal(got[-1], plain[-1])
    for depth in range(LAYERS):
        moved = states[depth].double() @ weight[depth].double().T + bias[depth].double()
        expected = (rms(moved) @ head.double().T).log_softmax(-1)
        torch.testing.assert_close(got[depth].double(), expected, atol=1e-4, rtol=1e-4)
        assert not torch.allclose(got[depth], plain[depth])


def test_the_identity_is_the_logit_lens(head, states):
    identity = torch.eye(WIDTH).expand(LAYERS, WIDTH, WIDTH)
    got = read_out(logit_lens(head, Translation(identity)), states, torch.arange(TOKENS), 3)
    plain = read_out(logit_lens(head), states, torch.arange(TOKENS), 3)
    for name, values in plain.arrays().items():
        torch.testing.assert_close(torch.tensor(got.arrays()[name]), torch.tensor(values))


def test_tuning_finds_a_map_that_the_model_hides(head, states):
    """Depth d holds the last state turned by a rotation of its own."""
    turns = [torch.linalg.qr(torch.randn(WIDTH, WIDTH))[0] for _ in range(LAYERS)]
    tuning = Tuning(LAYERS, WIDTH, CPU)
    losses = []
    for _ in range(400):
        last = torch.randn(64, WIDTH)
        shown = torch.stack([last @ turn for turn in turns] + [last])
        losses.append(sum(tuning.step(shown, lambda h: rms(h) @ head.T, 0.01)) / LAYERS)
    assert losses[-1] < 0.15 * losses[0]
    weight = tuning.weight + torch.eye(WIDTH)
    translated = Translation(weight, tuning.bias)(shown)
    agree = (rms(translated[0]) @ head.T).argmax(-1) == (rms(last) @ head.T).argmax(-1)
    assert agree.float().mean() > 0.7


def test_tuning_goes_on_where_it_was_stopped(head, states):
    def read(hidden):
        return rms(hidden) @ head.T

    whole, first = Tuning(LAYERS, WIDTH, CPU), Tuning(LAYERS, WIDTH, CPU)
    for _ in range(3):
        whole.step(states, read, 0.01)
    first.step(states, read, 0.01)
    second = Tuning(LAYERS, WIDTH, CPU)
    second.restore(first.arrays(), first.steps)
    for _ in range(2):
        second.step(states, read, 0.01)
    torch.testing.assert_close(whole.weight, second.weight)
    torch.testing.assert_close(whole.bias, second.bias)


def test_nearest_states_lead_and_unknown_words_have_no_share(head, states):
    unit = torch.nn.functional.normalize(torch.randn(LAYERS, 4, WIDTH), dim=-1)
    lens = LatentLens(unit, torch.tensor([5, 9, 5, 30]), logit_lens(head))
    cosines = torch.nn.functional.normalize(states[:-1], dim=-1) @ unit.mT
    best = torch.stack([cosines[..., [0, 2]].amax(-1), cosines[..., 1], cosines[..., 3]], dim=-1)
    shares = (best / TEMPERATURE).softmax(-1)
    table = lens.log_probabilities(states).exp()
    torch.testing.assert_close(table[:-1][..., [5, 9, 30]], shares)
    assert float(table[:-1][..., 6].max()) == 0
    assert torch.equal(table[-1], logit_lens(head).log_probabilities(states)[-1].exp())
    found = leaders(lens, states, 2)
    torch.testing.assert_close(torch.tensor(found["top_probabilities"][:-1, :, 0]), shares.amax(-1))
    entropy = -(shares * shares.log()).sum(-1)
    torch.testing.assert_close(torch.tensor(found["entropy"][:-1]), entropy, atol=1e-5, rtol=1e-4)
    words = torch.tensor(word_probability(lens, states, 9))
    torch.testing.assert_close(words, table[..., 9])
