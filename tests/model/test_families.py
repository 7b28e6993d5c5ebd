"""The contract every family keeps, on tiny random models.

The reference is one pass of the family's own model over prompt and answer, without a cache, read
by hooks on the layers and the norm at the paths that the test's own table names; skipped layers
are there made to return their input by hooks.
"""

from contextlib import ExitStack, contextmanager
from functools import lru_cache

import pytest
import torch

from fretboard.core.question import SkipWhen
from fretboard.model.checkpoint import assemble
from fretboard.model.generation import generate
from fretboard.model.inputs import Inputs, image_positions
from fretboard.model.steer import StateChanges
from tests.support.tiny_families import IMAGE_ID, LAYERS, TEXT_ONLY, TOKENIZER
from tests.support.tiny_llava_families import LLAVA_LIKE
from tests.support.tiny_other_families import OTHERS

NEW_TOKENS = 6
FAMILIES = {family.name: family for family in (*TEXT_ONLY, *LLAVA_LIKE, *OTHERS)}
CASES = [
    (name, with_image)
    for name, family in FAMILIES.items()
    for with_image in ((True, False) if family.image else (False,))
]
each_case = pytest.mark.parametrize(
    ("name", "with_image"), CASES, ids=lambda v: v if isinstance(v, str) else "image" * v or "text"
)


@lru_cache
def loaded(name):
    return assemble(FAMILIES[name].make(), None, TOKENIZER)


def run(name, with_image, skipped=(), when=SkipWhen.ALWAYS):
    """(inputs, states (L+1, T, width), logits (T, V), emitted ids) of our generation."""
    inputs = Inputs(FAMILIES[name].inputs(with_image), None)
    steps = []
    generate(
        loaded(name), inputs, NEW_TOKENS, skipped, lambda step: steps.append(step) or True, when
    )
    states = torch.stack([step.states for step in steps], dim=1)
    logits = torch.stack([step.logits for step in steps])
    return inputs, states, logits, [step.token_id for step in steps]


plain = lru_cache(run)  # with every layer: once a case


def reference(name, with_image, answer, skipped=(), when=SkipWhen.ALWAYS):
    """(states, logits) of one uncached pass over prompt and answer."""
    last = len(answer) - 1 if when is SkipWhen.DECODE else None
    family, model = FAMILIES[name], loaded(name).model
    if family.alone and not with_image:
        model = model.get_submodule(family.alone)
    tensors = lengthened(family.inputs(with_image), answer[:-1])
    if name == "paligemma":  # counts its positions from 1, in generate only
        tensors["position_ids"] = torch.arange(1, tensors["input_ids"].shape[1] + 1)[None]
    with read(family, loaded(name).model, skipped, last) as seen, torch.inference_mode():
        logits = model(**tensors, use_cache=False).logits[0].float()
    start = len(logits) - len(answer)
    for depth in range(LAYERS, -1, -1):  # a layer that did not run leaves the stream as it is
        seen.setdefault(depth, seen.get(depth + 1))
    return torch.stack([seen[d][start:] for d in range(LAYERS + 1)]), logits[start:]


def lengthened(tensors, answer):
    more = {"input_ids": torch.tensor([answer]), "attention_mask": torch.ones(1, len(answer))}
    kinds = {"token_type_ids": 0, "mm_token_type_ids": 0}
    if "token_type_ids" in tensors and not tensors["token_type_ids"].any():
        kinds["token_type_ids"] = 1  # behind a prefix that sees itself both ways
    for key, value in kinds.items():
        more[key] = torch.full((1, len(answer)), value)
    if "cross_attention_mask" in tensors:
        more["cross_attention_mask"] = tensors["cross_attention_mask"][:, -1:].expand(
            -1, len(answer), -1, -1
        )
    return {
        key: torch.cat([value, more[key].to(value.dtype)], dim=1) if key in more else value
        for key, value in tensors.items()
    }


@contextmanager
def read(family, model, skipped, last=None):
    """What enters each layer and the norm: {depth: (positions, width)}.

    Skipped layers return their input, at the `last` positions or at all.
    """
    seen = {}
    decoder = model.get_submodule(family.decoder)
    layers = decoder.get_submodule(family.layers)

    def enters(depth):
        return lambda _module, args, kwargs: seen.update(
            {depth: (args[0] if args else kwargs["hidden_states"])[0]}
        )

    def returns_input(_module, args, kwargs, output):
        entered = args[0] if args else kwargs["hidden_states"]
        ran = output[0] if isinstance(output, tuple) else output
        if last is not None:
            entered = torch.cat([ran[:, :-last], entered[:, -last:]], dim=1)
        return (entered, *output[1:]) if isinstance(output, tuple) else entered

    parts = [*enumerate(layers), (LAYERS, decoder.get_submodule(family.norm))]
    with ExitStack() as stack:
        for depth, part in parts:
            hook = part.register_forward_pre_hook(enters(depth), with_kwargs=True)
            stack.callback(hook.remove)
        for index in skipped:
            hook = layers[index].register_forward_hook(returns_input, with_kwargs=True)
            stack.callback(hook.remove)
        yield seen


def close(got, expected):
    torch.testing.assert_close(got, expected, atol=2e-4, rtol=2e-4)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_parts_are_the_ones_of_the_table(name):
    family, checkpoint = FAMILIES[name], loaded(name)
    decoder = checkpoint.model.get_submodule(family.decoder)
    assert list(checkpoint.anatomy.layers) == list(decoder.get_submodule(family.layers))
    assert checkpoint.anatomy.final_norm is decoder.get_submodule(family.norm)
    assert checkpoint.anatomy.tail_name == family.tail
    assert checkpoint.anatomy.depths == LAYERS + 1
    assert checkpoint.anatomy.image_token_id == (IMAGE_ID if family.image else None)


@each_case
def test_cached_generation_gives_the_states_and_logits_of_a_whole_pass(name, with_image):
    _, states, logits, answer = run(name, with_image)
    expected_states, expected_logits = reference(name, with_image, answer)
    assert len(states) == LAYERS + 1
    close(states, expected_states)
    close(logits, expected_logits)
    assert answer == expected_logits.argmax(-1).tolist()


@each_case
def test_a_state_is_changed_where_it_is_captured(name, with_image):
    """Also where a layer does not run, as one that reads an image alone."""
    inputs, made = Inputs(FAMILIES[name].inputs(with_image), None), StateChanges({1: torch.neg})
    first = []
    for changes in (None, made):
        take = lambda step: first.append(step.states)  # noqa: E731
        generate(loaded(name), inputs, 1, (), take, changes=changes)
    plain, changed = first
    assert torch.equal(changed[0], plain[0]) or torch.equal(plain[0], plain[1])
    assert torch.equal(changed[1], -plain[1])
    assert not torch.allclose(changed[-1], plain[-1], atol=1e-3)


@each_case
def test_the_lens_at_the_last_depth_is_the_model(name, with_image):
    _, states, logits, _ = run(name, with_image)
    anatomy = loaded(name).anatomy
    read_out = anatomy.logits(anatomy.normed(states))
    close(read_out[-1].float(), logits)
    assert not torch.allclose(read_out[0].float(), logits, atol=0.05)


@pytest.mark.parametrize("name", FAMILIES)
def test_in_bfloat16_tail_and_last_depth_are_found_too(name):
    family = FAMILIES[name]
    checkpoint = assemble(family.make().bfloat16(), None, TOKENIZER)
    steps = []
    inputs = Inputs(family.inputs(True), None)  # pixels stay float32, as processors make them
    generate(checkpoint, inputs, 2, (), lambda step: steps.append(step) or True)
    anatomy = checkpoint.anatomy
    stream = torch.float32 if name == "mamba" else torch.bfloat16  # its residuals stay precise
    assert (anatomy.tail_name, anatomy.dtype) == (family.tail, stream)
    states = torch.stack([step.states[-1] for step in steps])
    assert states.dtype == stream
    expected = torch.stack([step.logits for step in steps])
    got = anatomy.logits(anatomy.normed(states)).float()
    torch.testing.assert_close(got, expected, atol=0.05, rtol=0.02)


@pytest.mark.parametrize("name", [name for name, with_image in CASES if with_image])
def test_image_positions_are_those_whose_embedding_the_pixels_change(name):
    family, checkpoint = FAMILIES[name], loaded(name)
    tensors = family.inputs(True)
    blind = {key: tensors[key] for key in ("input_ids", "attention_mask")}
    alone = checkpoint.model.get_submodule(family.alone) if family.alone else checkpoint.model
    with torch.inference_mode():
        with read(family, checkpoint.model, ()) as seeing:
            checkpoint.model(**tensors)
        with read(family, checkpoint.model, ()) as unseeing:
            alone(**blind)
    changed = (seeing[0] - unseeing[0]).abs().amax(-1) > 1e-6
    positions = image_positions(checkpoint, Inputs(tensors, None))
    assert positions.tolist() == changed.nonzero().flatten().tolist()
    assert (len(positions) == 0) == (name == "mllama")


@pytest.mark.parametrize("name", [name for name, with_image in CASES if with_image])
def test_the_image_changes_the_answer(name):
    inputs, _, logits, _ = run(name, True)
    other = {
        key: value.flip(-1) if key == "pixel_values" else value
        for key, value in inputs.tensors.items()
    }
    steps = []
    generate(loaded(name), Inputs(other, None), 1, (), lambda step: steps.append(step) or True)
    assert not torch.allclose(steps[0].logits, logits[0], atol=1e-3)


SKIPS = [
    (name, with_image, skipped)
    for name, with_image in CASES
    for skipped in FAMILIES[name].skips
    # Mllama does not run its cross-attention layers without an image.
    if with_image or name != "mllama" or not {1, 4} >= set(skipped)
]


@pytest.mark.parametrize(("name", "with_image", "skipped"), SKIPS)
def test_skipped_layers_return_their_input_and_are_undone(name, with_image, skipped):
    _, _, before, _ = plain(name, with_image)
    _, states, logits, answer = run(name, with_image, skipped)
    expected_states, expected_logits = reference(name, with_image, answer, skipped)
    close(states, expected_states)
    close(logits, expected_logits)
    assert not torch.allclose(logits[0], before[0], atol=1e-3)
    for layer in skipped:
        assert torch.equal(states[layer], states[layer + 1])
    _, _, after, _ = run(name, with_image)
    assert torch.equal(before, after)


@pytest.mark.parametrize(("name", "with_image", "skipped"), SKIPS)
def test_layers_skipped_after_the_prompt_read_it_in_full(name, with_image, skipped):
    _, plain_states, _, _ = plain(name, with_image)
    _, states, logits, answer = run(name, with_image, skipped, SkipWhen.DECODE)
    expected = reference(name, with_image, answer, skipped, SkipWhen.DECODE)
    close(states, expected[0])
    close(logits, expected[1])
    assert torch.equal(states[:, 0], plain_states[:, 0])  # the prompt's last position
    for layer in skipped:
        assert torch.equal(states[layer, 1:], states[layer + 1, 1:])
        assert not torch.equal(states[layer, 0], states[layer + 1, 0])
