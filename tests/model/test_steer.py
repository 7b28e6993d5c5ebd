"""Steered states against float64 references on a tiny random LLaVA."""

from functools import lru_cache

import numpy as np
import pytest
import torch

from fretboard.core.errors import InputError
from fretboard.core.steer import SteerAt
from fretboard.lens.directions import exchanged, pushed, read_directions
from fretboard.model.checkpoint import assemble
from fretboard.model.generation import Answer, generate, generate_together
from fretboard.model.inputs import Inputs, build_inputs, image_positions
from fretboard.model.patches import patch_states
from fretboard.model.steer import StateChanges
from tests.model import test_families as families
from tests.support.random_data import fresh
from tests.support.tiny_models import make_llava

DEPTH, LAYERS, GIVEN = 2, 4, "the cat sits on grass"
CLOSE = {"atol": 1e-12, "rtol": 1e-12}


@lru_cache
def tiny(cache=True):
    model, processor = make_llava(LAYERS)
    model.generation_config.use_cache = cache
    return assemble(model.double(), processor, processor.tokenizer)


@lru_cache
def direction(width):
    return torch.from_numpy(fresh().standard_normal(width))


def changes(at=SteerAt.ANSWER, tokens=(), depth=DEPTH, strength=0.7):
    way = pushed(direction(tiny().anatomy.width), strength)
    return StateChanges({depth: way}, at, frozenset(tokens))


def run(checkpoint, inputs, made=None, length=6, skipped=()):
    """(states (L+1, T, width), logits (T, V), ids)"""
    steps = []
    generate(checkpoint, inputs, length, skipped, lambda s: steps.append(s) or True, changes=made)
    states = torch.stack([step.states for step in steps], 1)
    return states, torch.stack([s.logits for s in steps]), [s.token_id for s in steps]


def asked(image, given=None, prompt="what is the colour ?"):
    return build_inputs(tiny(), prompt, image, given)


def by_hand(states, strength=0.7):
    """h + strength ‖h‖ u, in numpy."""
    h, v = states.numpy(), direction(states.shape[-1]).numpy()
    return h + strength * np.linalg.norm(h, axis=-1, keepdims=True) * v / np.linalg.norm(v)


def count_hooks():
    return sum(len(m._forward_pre_hooks) + len(m._forward_hooks) for m in tiny().model.modules())


@pytest.mark.parametrize("skipped", [(), (1, 2)], ids=["whole", "skipped"])
def test_the_state_at_the_depth_is_the_plain_one_and_the_direction(random_image, skipped):
    inputs = asked(random_image, GIVEN)
    plain, own, _ = run(tiny(), inputs, skipped=skipped)
    states, logits, _ = run(tiny(), inputs, changes(), skipped=skipped)
    assert torch.equal(states[:DEPTH], plain[:DEPTH])
    np.testing.assert_allclose(states[DEPTH], by_hand(plain[DEPTH]), **CLOSE)
    assert float((logits - own).abs().max()) > 0.01
    anatomy = tiny().anatomy
    torch.testing.assert_close(anatomy.logits(anatomy.normed(states[-1])).float(), logits)


def test_at_depth_l_the_model_answers_from_the_changed_state(random_image):
    plain, own, _ = run(tiny(), asked(random_image, GIVEN))
    states, logits, _ = run(tiny(), asked(random_image, GIVEN), changes(depth=LAYERS))
    assert torch.equal(states[:-1], plain[:-1])
    np.testing.assert_allclose(states[-1], by_hand(plain[-1]), **CLOSE)
    assert float((logits - own).abs().max()) > 0.01


@pytest.mark.parametrize("cache", [True, False])
def test_chosen_tokens_alone_are_changed(random_image, cache):
    inputs = asked(random_image, GIVEN)
    plain, _, _ = run(tiny(cache), inputs)
    states, _, _ = run(tiny(cache), inputs, changes(tokens=(0, 2)))
    expected = plain[DEPTH].clone()
    for token in (0, 2):
        expected[token] = torch.from_numpy(by_hand(plain[DEPTH, token]))
    torch.testing.assert_close(states[DEPTH], expected, **CLOSE)


@pytest.mark.parametrize("at", SteerAt)
def test_the_image_and_the_prompt_are_changed_where_it_is_asked(random_image, at):
    inputs = asked(random_image)
    plain = patch_states(tiny(), inputs)
    states = patch_states(tiny(), inputs, changes=changes(at))
    expected = plain[DEPTH] if at is SteerAt.ANSWER else by_hand(plain[DEPTH])
    np.testing.assert_allclose(states[DEPTH], expected, **CLOSE)
    assert plain.shape[1] == len(image_positions(tiny(), inputs))
    first, second = (run(tiny(), inputs, made)[0][DEPTH, 0] for made in (None, changes(at)))
    expected = first if at is SteerAt.IMAGE else by_hand(first)
    np.testing.assert_allclose(second, expected, **CLOSE)


@pytest.mark.parametrize("at", SteerAt)
def test_without_a_cache_the_answer_is_the_same(random_image, at):
    inputs = asked(random_image)
    cached, bare = (run(tiny(cache), inputs, changes(at)) for cache in (True, False))
    assert cached[2] == bare[2]
    torch.testing.assert_close(cached[0], bare[0], atol=1e-9, rtol=1e-9)


def test_a_prompt_of_one_token_is_told_from_the_answers_own_positions():
    one = Inputs(
        {"input_ids": torch.tensor([[300]]), "attention_mask": torch.ones(1, 1).long()}, None
    )
    cached, bare = (run(tiny(cache), one, changes(SteerAt.PROMPT))[0] for cache in (True, False))
    torch.testing.assert_close(cached, bare, atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize("at", SteerAt)
def test_in_a_batch_each_answer_is_as_if_alone(random_image, at):
    questions = ("what is the colour ?", "is the cat on the red grass ?", "what is ?")
    batch = [asked(random_image, prompt=prompt) for prompt in questions]
    steps = [[] for _ in batch]
    answers = [
        Answer(inputs, 5, lambda step, own=own: own.append(step) or True)
        for inputs, own in zip(batch, steps, strict=True)
    ]
    generate_together(tiny(), answers, changes=changes(at))
    for inputs, own in zip(batch, steps, strict=True):
        states, _, ids = run(tiny(), inputs, changes(at), 5)
        assert [step.token_id for step in own] == ids
        together = torch.stack([step.states for step in own], 1)
        torch.testing.assert_close(together, states, atol=1e-9, rtol=1e-9)


def test_afterwards_the_model_is_what_it_was_also_after_an_error(random_image):
    inputs = asked(random_image)
    before = run(tiny(), inputs)
    hooks = count_hooks()

    def fails(_step):
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        generate(tiny(), inputs, 5, (), fails, changes=changes(SteerAt.ALL))
    after = run(tiny(), inputs)
    assert torch.equal(before[0], after[0])
    assert torch.equal(before[1], after[1])
    assert count_hooks() == hooks


def test_text_alone_has_no_image_to_steer_at():
    with pytest.raises(InputError, match="No position of the prompt holds the image"):
        run(tiny(), asked(None), changes(SteerAt.IMAGE))


@pytest.mark.parametrize("name", ["llama", "gemma", "gpt_neox", "gpt2"])
def test_a_words_direction_is_its_row_through_the_norms_scale(name):
    """Along it the logit of a state of mean 0 rises as the head and norm of the family say."""
    anatomy = families.loaded(name).anatomy
    with torch.no_grad():
        noise = torch.from_numpy(fresh().standard_normal(anatomy.width))
        anatomy.final_norm.weight.add_(noise.to(anatomy.dtype))  # scales that are not all alike
        zero = torch.zeros(anatomy.width)
        found = read_directions(anatomy.normed, anatomy.logits, zero, [7, 11])
        state = torch.from_numpy(fresh().standard_normal((1, anatomy.width))).float()
        logits = anatomy.logits(anatomy.normed(state)) - anatomy.logits(anatomy.normed(-state))
        wanted = (logits[0, 7] - logits[0, 11]).double()
        anatomy.final_norm.weight.sub_(noise.to(anatomy.dtype))
    centred = state - state.mean() if name.startswith("gpt") else state
    size = centred.square().mean().sqrt()
    got = 2 * ((found[0] - found[1]) @ state[0] / size).double()
    torch.testing.assert_close(got, wanted, atol=1e-4, rtol=1e-4)
    if name.startswith("gpt"):  # a LayerNorm takes the mean off: nothing is spent along it
        torch.testing.assert_close(found.sum(-1), torch.zeros(2), atol=1e-4, rtol=0)


def test_a_swap_exchanges_two_parts_and_is_its_own_inverse():
    draw = fresh()
    a, b = (torch.from_numpy(draw.standard_normal(16)) for _ in range(2))
    b = b + 0.8 * a  # far from orthogonal
    states = torch.from_numpy(draw.standard_normal((3, 5, 16)))
    swapped = exchanged(a, b)(states)
    flat = [s.reshape(-1, 16).T.numpy() for s in (states, swapped)]
    basis = torch.stack([a / a.norm(), b / b.norm()], 1).numpy()
    parts, others = (np.linalg.lstsq(basis, s)[0] for s in flat)
    np.testing.assert_allclose(others, parts[::-1], **CLOSE)
    np.testing.assert_allclose(flat[1] - basis @ others, flat[0] - basis @ parts, **CLOSE)
    torch.testing.assert_close(exchanged(a, b)(swapped), states, **CLOSE)
    assert torch.equal(exchanged(a, b, 0.0)(states), states)
