"""Capture and decoding against the model's own outputs, on a tiny random LLaVA."""

import copy
from contextlib import contextmanager

import pytest
import torch

from fretboard.core.errors import InputError, UnsupportedModel
from fretboard.core.question import SkipWhen
from fretboard.lens.readout import LogitLens
from fretboard.model.anatomy import locate
from fretboard.model.checkpoint import assemble
from fretboard.model.generation import generate
from fretboard.model.inputs import build_inputs
from tests.support.tiny_models import make_llava

NEW_TOKENS = 7


@pytest.fixture(scope="module")
def checkpoint():
    model, processor = make_llava(layers=5)
    return assemble(model, processor, processor.tokenizer)


def run(
    checkpoint, image, skipped=(), continuation=None, prompt="what is the colour ?", stop=None,
    when=SkipWhen.ALWAYS,
):  # fmt: skip
    steps = []
    inputs = build_inputs(checkpoint, prompt, image, continuation)

    def on_step(step):
        steps.append(step)
        return stop is None or len(steps) < stop

    reason = generate(checkpoint, inputs, NEW_TOKENS, skipped, on_step, when)
    return inputs, steps, reason


def full_forward(checkpoint, inputs, steps):
    """One pass without cache over prompt and answer; (hidden_states tuple, logits) at each step."""
    ids = torch.tensor([[step.token_id for step in steps[:-1]]], dtype=torch.long)
    tensors = dict(inputs.tensors)
    tensors["input_ids"] = torch.cat([tensors["input_ids"], ids], dim=1)
    tensors["attention_mask"] = torch.ones_like(tensors["input_ids"])
    with torch.inference_mode():
        out = checkpoint.model(**tensors, output_hidden_states=True, use_cache=False)
    start = inputs.prompt_tokens - 1
    return [h[0, start:] for h in out.hidden_states], out.logits[0, start:]


@pytest.mark.parametrize("with_image", [True, False])
def test_states_are_pre_norm_at_the_predicting_position(checkpoint, random_image, with_image):
    inputs, steps, _ = run(checkpoint, random_image if with_image else None)
    hidden, logits = full_forward(checkpoint, inputs, steps)
    assert len(steps[0].states) == checkpoint.anatomy.depths == 6
    states = torch.stack([step.states for step in steps], dim=1)
    for depth in range(5):
        torch.testing.assert_close(states[depth], hidden[depth], atol=1e-4, rtol=1e-4)
    # transformers' last entry is already normed; ours is not.
    torch.testing.assert_close(
        checkpoint.anatomy.final_norm(states[5]), hidden[5], atol=1e-4, rtol=1e-4
    )
    torch.testing.assert_close(torch.stack([s.logits for s in steps]), logits, atol=1e-4, rtol=1e-4)
    assert [s.token_id for s in steps] == logits.argmax(-1).tolist()


@pytest.mark.parametrize("raw", [False, True])
def test_golden_every_lens_equals_the_model_at_depth_l(checkpoint, random_image, raw):
    _, steps, _ = run(checkpoint, random_image)
    anatomy = checkpoint.anatomy
    lens = LogitLens(anatomy.final_norm, lambda h: anatomy.tail(anatomy.unembedding(h)), 1, raw)
    for step in steps:
        got = lens.log_probabilities(step.states)[-1]
        torch.testing.assert_close(got, step.logits.log_softmax(-1), atol=1e-5, rtol=1e-5)


def test_a_continuation_is_forced_and_read_like_a_generated_answer(checkpoint, random_image):
    _, steps, reason = run(checkpoint, random_image, continuation="the cat is red")
    expected = checkpoint.tokenizer("the cat is red", add_special_tokens=False)["input_ids"]
    assert [step.token_id for step in steps] == expected
    assert reason == "forced"
    inputs = build_inputs(checkpoint, "what is the colour ?", random_image, None)
    _, logits = full_forward(checkpoint, inputs, steps)
    torch.testing.assert_close(torch.stack([s.logits for s in steps]), logits, atol=1e-4, rtol=1e-4)


def test_an_empty_continuation_is_refused(checkpoint):
    with pytest.raises(InputError, match="continuation is empty"):
        build_inputs(checkpoint, "what ?", None, "")


def test_stopping_from_outside(checkpoint, random_image):
    _, steps, reason = run(checkpoint, random_image, stop=3)
    assert (len(steps), reason) == (3, "cancelled")


@pytest.mark.parametrize("skipped", [(0,), (2,), (0, 1), (1, 3), (4,), (0, 1, 2, 3)])
def test_skipped_layers_pass_their_input_on_with_and_without_cache(
    checkpoint, random_image, skipped
):
    """The reference is a model from which the layers were really removed."""
    inputs, steps, _ = run(checkpoint, random_image, skipped)
    shorter = copy.deepcopy(checkpoint.model)
    decoder = shorter.model.language_model
    decoder.layers = torch.nn.ModuleList(
        layer for index, layer in enumerate(decoder.layers) if index not in skipped
    )
    for index, layer in enumerate(decoder.layers):
        layer.self_attn.layer_idx = index
    shorter.config.text_config.num_hidden_layers = len(decoder.layers)
    reference = assemble(shorter, checkpoint.processor, checkpoint.tokenizer)
    _, expected, _ = run(reference, random_image)
    _, uncached = full_forward(reference, inputs, expected)
    assert [s.token_id for s in steps] == [s.token_id for s in expected]
    torch.testing.assert_close(
        torch.stack([s.logits for s in steps]), uncached, atol=1e-4, rtol=1e-4
    )
    for layer in skipped:
        assert torch.equal(steps[0].states[layer], steps[0].states[layer + 1])


@pytest.mark.parametrize("when", SkipWhen)
@pytest.mark.parametrize("skipped", [(0,), (1, 3), (0, 1, 2, 3, 4)])
def test_a_skip_is_the_same_without_a_cache(checkpoint, random_image, skipped, when):
    _, cached, _ = run(checkpoint, random_image, skipped, when=when)
    settings = checkpoint.model.generation_config
    settings.use_cache = False
    try:
        with monitored(checkpoint.model) as lengths:
            _, uncached, _ = run(checkpoint, random_image, skipped, when=when)
    finally:
        settings.use_cache = True
    assert lengths == list(range(lengths[0], lengths[0] + len(uncached)))  # all of it each time
    assert [s.token_id for s in cached] == [s.token_id for s in uncached]
    for a, b in zip(cached, uncached, strict=True):
        torch.testing.assert_close(a.logits, b.logits, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(a.states, b.states, atol=1e-4, rtol=1e-4)


@contextmanager
def monitored(model):
    """How many positions each forward of the decoder's first layer brings."""
    lengths = []
    layer = model.model.language_model.layers[0]
    hook = layer.register_forward_pre_hook(lambda _m, args: lengths.append(args[0].shape[1]))
    yield lengths
    hook.remove()


@pytest.mark.parametrize("when", SkipWhen)
def test_weights_and_logits_are_bit_identical_after_a_skip(checkpoint, random_image, when):
    weights = {name: value.clone() for name, value in checkpoint.model.state_dict().items()}
    _, before, _ = run(checkpoint, random_image)
    _, skipped, _ = run(checkpoint, random_image, (1, 2), when=when)
    _, after, _ = run(checkpoint, random_image)
    assert not torch.equal(before[1].logits, skipped[1].logits)
    assert all(torch.equal(a.logits, b.logits) for a, b in zip(before, after, strict=True))
    now = checkpoint.model.state_dict()
    assert now.keys() == weights.keys()
    assert all(torch.equal(now[name], value) for name, value in weights.items())


def test_the_model_is_unchanged_after_a_skip(checkpoint, random_image):
    _, before, _ = run(checkpoint, random_image)
    with pytest.raises(RuntimeError, match="on purpose"):
        run_and_fail(checkpoint, random_image)
    _, after, _ = run(checkpoint, random_image)
    assert torch.equal(before[-1].logits, after[-1].logits)
    assert all("forward" not in vars(layer) for layer in checkpoint.anatomy.layers)


def run_and_fail(checkpoint, image):
    def on_step(_step):
        raise RuntimeError("on purpose")

    generate(checkpoint, build_inputs(checkpoint, "what ?", image, None), 3, (1, 2), on_step)


def test_a_model_whose_logits_do_not_follow_is_refused():
    model, _ = make_llava(layers=2)
    forward = model.forward

    def bent(*args, **kwargs):
        output = forward(*args, **kwargs)
        output.logits = output.logits + torch.randn_like(output.logits)
        return output

    model.forward = bent
    with pytest.raises(UnsupportedModel, match="do not give the model's own logits"):
        locate(model)
