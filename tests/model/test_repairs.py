"""Repairs against independent float64 references, on a tiny random LLaVA."""

import copy
from unittest.mock import patch

import numpy as np
import pytest
import torch
from scipy.spatial.distance import jensenshannon
from scipy.special import log_softmax, softmax
from torch import nn
from transformers import DynamicCache

from fretboard.core.errors import InputError
from fretboard.core.images import blank_like
from fretboard.core.question import AnalysisRequest
from fretboard.core.repair import parse_repair
from fretboard.engine.repair import make_repair, overturning
from fretboard.model.anatomy import Anatomy
from fretboard.model.checkpoint import assemble
from fretboard.model.generation import generate
from fretboard.model.inputs import build_inputs, lengthened
from tests.support.random_data import fresh
from tests.support.tiny_models import make_llava

LAYERS, NEW_TOKENS = 5, 6
PROMPT = "what is the colour ?"
ASKED = {
    "dola": "dola plausibility=0.02 depths=0,2,3",
    "deco": "deco strength=1.5 top_p=0.6 top_k=9 depths=2-4",
    "vcd": "vcd strength=1.3 plausibility=0.02",
    "fade": "fade layers=1,3-4 factor=0.3",
    "skip-on-reversal": "skip-on-reversal",
}
SPAN = (1, 3)
NEUTRAL = {
    "dola": "dola plausibility=1",
    "deco": "deco strength=0",
    "vcd": "vcd strength=0",
    "fade": "fade factor=1",
    "skip-on-reversal": "skip-on-reversal",
}


@pytest.fixture(scope="module")
def checkpoint():
    model, processor = make_llava(layers=LAYERS)
    return assemble(model, processor, processor.tokenizer)


def run(checkpoint, image, text="", found=(), stop=None):
    """found: the layers that every position is said to be overturned by."""
    inputs = build_inputs(checkpoint, PROMPT, image, None)
    request = AnalysisRequest(prompt=PROMPT, model="tiny")
    with patch("fretboard.engine.repair.overturning", lambda *_, **__: lambda *_: found):
        repair = make_repair(checkpoint, request, parse_repair(text, LAYERS), inputs, image)
    steps = []

    def on_step(step):
        if len(steps) == stop:
            raise RuntimeError("stopped")
        steps.append(step)
        return True

    generate(checkpoint, inputs, NEW_TOKENS, (), on_step, repair=repair)
    return inputs, steps


def repaired(checkpoint, image, kind):
    return run(checkpoint, image, ASKED[kind], SPAN)


def one_pass(checkpoint, inputs, ids):
    """(tokens, V) float64 logits of prompt and answer in one pass without cache."""
    with torch.inference_mode():
        tensors = lengthened(checkpoint, inputs, ids[:-1])
        logits = checkpoint.model(**tensors, use_cache=False).logits[0]
    return logits[inputs.prompt_tokens - 1 :].double().numpy()


def early(checkpoint, step, depth):
    """Float64 logits of a depth, by hand: RMS norm, then the head."""
    norm = checkpoint.anatomy.final_norm
    h = step.states[depth].double().numpy()
    h = h / np.sqrt((h**2).mean() + norm.variance_epsilon)
    head = checkpoint.model.get_output_embeddings().weight.detach().double().numpy()
    return head @ (h * norm.weight.detach().double().numpy())


def check_chosen(steps, references):
    """Each emitted token is the reference's best, up to float32's rounding."""
    assert len(steps) == NEW_TOKENS
    for step, scores in zip(steps, references, strict=True):
        assert scores[step.token_id] >= scores.max() - 1e-3


def test_dola_contrasts_with_the_furthest_depth(checkpoint, random_image):
    _, steps = repaired(checkpoint, random_image, "dola")
    references = []
    for step in steps:
        final = log_softmax(step.logits.double().numpy())
        tables = [log_softmax(early(checkpoint, step, depth)) for depth in (0, 2, 3)]
        apart = [jensenshannon(np.exp(final), np.exp(table)) for table in tables]
        scores = final - tables[int(np.argmax(apart))]
        scores[np.exp(final) < 0.02 * np.exp(final.max())] = -np.inf
        references.append(scores)
    check_chosen(steps, references)
    assert any(step.token_id != int(step.logits.argmax()) for step in steps)


def test_deco_adds_the_surest_depth_to_the_candidates(checkpoint, random_image):
    _, steps = repaired(checkpoint, random_image, "deco")
    references = []
    for step in steps:
        logits = step.logits.double().numpy()
        order = np.argsort(-logits)[:9]
        mass = np.cumsum(softmax(logits)[order])
        candidates = order[: np.searchsorted(mass, 0.6) + 1]
        tables = [early(checkpoint, step, depth) for depth in (2, 3, 4)]
        surest = [softmax(table)[candidates].max() for table in tables]
        best = int(np.argmax(surest))
        scores = np.full_like(logits, -np.inf)
        scores[candidates] = (logits + 1.5 * surest[best] * tables[best])[candidates]
        references.append(scores)
    check_chosen(steps, references)


def test_vcd_contrasts_with_the_blank_images_own_stream(checkpoint, random_image):
    inputs, steps = repaired(checkpoint, random_image, "vcd")
    ids = [step.token_id for step in steps]
    blank = build_inputs(checkpoint, PROMPT, blank_like(random_image), None)
    seen, unseen = one_pass(checkpoint, inputs, ids), one_pass(checkpoint, blank, ids)
    own = torch.stack([step.logits for step in steps]).numpy()
    np.testing.assert_allclose(own, seen, atol=1e-4)
    scores = 2.3 * seen - 1.3 * unseen
    scores[softmax(seen, -1) < 0.02 * softmax(seen, -1).max(-1, keepdims=True)] = -np.inf
    check_chosen(steps, scores)
    assert np.abs(seen - unseen).max() > 1e-3


def test_fade_is_a_model_with_smaller_mlp_weights(checkpoint, random_image):
    inputs, steps = repaired(checkpoint, random_image, "fade")
    damped = copy.deepcopy(checkpoint.model)
    for index in (1, 3, 4):
        damped.model.language_model.layers[index].mlp.down_proj.weight.data *= 0.3
    reference = assemble(damped, checkpoint.processor, checkpoint.tokenizer)
    expected = one_pass(reference, inputs, [step.token_id for step in steps])
    own = torch.stack([step.logits for step in steps]).numpy()
    np.testing.assert_allclose(own, expected, atol=1e-4)
    check_chosen(steps, expected)


def test_a_reversals_layers_are_left_out_at_its_position_alone(checkpoint, random_image):
    """The reference decodes the last position with a shorter model, on the whole one's cache."""
    inputs, steps = repaired(checkpoint, random_image, "skip-on-reversal")
    ids = [step.token_id for step in steps]
    np.testing.assert_allclose(
        torch.stack([step.logits for step in steps]), one_pass(checkpoint, inputs, ids), atol=1e-4
    )
    shorter = copy.deepcopy(checkpoint.model)
    decoder = shorter.model.language_model
    kept = [index for index in range(LAYERS) if index not in SPAN]
    decoder.layers = nn.ModuleList(decoder.layers[index] for index in kept)
    for index, layer in enumerate(decoder.layers):
        layer.self_attn.layer_idx = index
    references = []
    for t in range(NEW_TOKENS):
        tensors = lengthened(checkpoint, inputs, ids[:t])
        last = tensors["input_ids"][:, -1:]
        before = tensors | {name: tensors[name][:, :-1] for name in ("input_ids", "attention_mask")}
        cache, short = DynamicCache(), DynamicCache()
        with torch.inference_mode():
            checkpoint.model(**before, past_key_values=cache, use_cache=True)
            for place, index in enumerate(kept):
                short.update(cache.layers[index].keys, cache.layers[index].values, place)
            out = shorter(
                input_ids=last,
                attention_mask=tensors["attention_mask"],
                past_key_values=short,
                use_cache=True,
            )
        references.append(out.logits[0, -1].double().numpy())
    check_chosen(steps, references)
    assert any(step.token_id != int(step.logits.argmax()) for step in steps)


@pytest.mark.parametrize("kind", NEUTRAL)
def test_with_a_neutral_setting_decoding_is_the_plain_one_bit_for_bit(
    checkpoint, random_image, kind
):
    _, plain = run(checkpoint, random_image)
    _, steps = run(checkpoint, random_image, NEUTRAL[kind])
    for one, other in zip(plain, steps, strict=True):
        assert one.token_id == other.token_id
        assert torch.equal(one.states, other.states)
        assert torch.equal(one.logits, other.logits)


@pytest.mark.parametrize("kind", ASKED)
def test_the_same_without_a_cache_and_golden_at_depth_l(checkpoint, random_image, kind):
    _, steps = repaired(checkpoint, random_image, kind)
    for step in steps:
        read = checkpoint.anatomy.read_early(step.states, [LAYERS])[0]
        torch.testing.assert_close(read, step.logits, atol=1e-5, rtol=1e-5)
    checkpoint.model.generation_config.use_cache = False
    try:
        _, uncached = repaired(checkpoint, random_image, kind)
    finally:
        checkpoint.model.generation_config.use_cache = True
    assert [s.token_id for s in steps] == [s.token_id for s in uncached]
    for one, other in zip(steps, uncached, strict=True):
        torch.testing.assert_close(one.states, other.states, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("kind", ASKED)
def test_the_model_is_as_before_also_after_an_error(checkpoint, random_image, kind):
    weights = {name: value.clone() for name, value in checkpoint.model.state_dict().items()}
    _, plain = run(checkpoint, random_image)
    with pytest.raises(RuntimeError, match="stopped"):
        run(checkpoint, random_image, ASKED[kind], SPAN, stop=2)
    _, again = run(checkpoint, random_image)
    assert all(torch.equal(one.logits, two.logits) for one, two in zip(plain, again, strict=True))
    assert all(torch.equal(weights[n], v) for n, v in checkpoint.model.state_dict().items())


def test_vcd_without_an_image_is_refused(checkpoint):
    with pytest.raises(InputError, match="send an image"):
        run(checkpoint, None, "vcd")


def test_a_rival_that_leads_and_loses_late_is_found_with_its_layers():
    """States that are their own logits: a rival leads at depths 7 to 10, the leader from 11 on."""
    words, depths = 6, 13
    random = fresh()
    states = torch.from_numpy(random.normal(0, 0.05, (depths, words))).float()
    states[:7, 0] += 1.0
    states[7:11, 2] += 6.0
    states[11:, 4] += 6.0
    anatomy = Anatomy(
        (nn.Identity(),) * 12, nn.Identity(), nn.Identity(), lambda x: x, "none",
        vocabulary=words, width=words,
    )  # fmt: skip
    find = overturning(anatomy, critical_depth=7)
    assert find(states, 4) == (10,)
    states[7:11, 2] -= 12.0
    states[7:11, 4] += 6.0
    assert find(states, 4) == ()
