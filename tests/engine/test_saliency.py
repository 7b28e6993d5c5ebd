"""Where an answer looks: against the model's own weights, and gradients that add up."""

import numpy as np
import pytest
import torch
from PIL import Image

from fretboard.core.causal_test import Kind
from fretboard.core.images import blank_like
from fretboard.engine.causal.forced import answer, log_probabilities, taught
from fretboard.engine.causal.hooks import states_kept, states_put
from fretboard.engine.causal.saliency import attention_maps, head_means, relevance_at, saliency
from fretboard.figures.saliency import WAYS, agreement, saliency_figure
from fretboard.model.checkpoint import assemble
from fretboard.model.inputs import Inputs, build_inputs
from tests.model.test_families import CASES, FAMILIES, loaded
from tests.support.tiny_models import make_llava

PROMPT = "what is the cat"


@pytest.fixture(scope="module")
def runs():
    """(run with the image, the same answer taught to a grey one)."""
    model, processor = make_llava()
    checkpoint = assemble(model, processor, processor.tokenizer)
    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 255, (30, 30, 3), dtype=np.uint8))
    forced = answer(checkpoint, build_inputs(checkpoint, PROMPT, image, None), 4)
    grey = build_inputs(checkpoint, PROMPT, blank_like(image), None)
    return forced, taught(checkpoint, grey, list(forced.emitted))


def test_attention_is_the_models_own_and_rollout_its_product(runs):
    forced, _ = runs
    model = forced.checkpoint.model
    own = head_means(forced)
    model.set_attn_implementation("eager")
    try:
        with torch.inference_mode():
            told = model(**forced.tensors, use_cache=False, output_attentions=True).attentions
    finally:
        model.set_attn_implementation("sdpa")
    for layer, weights in enumerate(told):
        torch.testing.assert_close(own[layer], weights[0].mean(0))
    attention, rollout = attention_maps(forced)
    expected = told[1][0].mean(0)[forced.predicting][:, forced.image].T
    torch.testing.assert_close(attention[1], expected)
    mixed = [0.5 * (w[0].mean(0) + torch.eye(forced.positions)) for w in told]
    expected = (mixed[2] @ mixed[1] @ mixed[0])[forced.predicting][:, forced.image].T
    torch.testing.assert_close(rollout[2], expected)
    torch.testing.assert_close(mixed[0].sum(-1), torch.ones(forced.positions))


@pytest.mark.parametrize("depth", [0, 2])
def test_relevance_adds_up_to_what_all_patches_do(runs, depth):
    forced, grey = runs
    with states_kept(grey.checkpoint.anatomy) as kept:
        log_probabilities(grey)
    without = kept[depth][forced.image]
    found, gap = relevance_at(forced, depth, without)
    with states_put(forced.checkpoint.anatomy, depth, forced.image, without):
        base = log_probabilities(forced)
    whole = log_probabilities(forced) - base
    torch.testing.assert_close(found.sum(0), whole, atol=gap + 1e-6, rtol=0)
    assert gap < 0.1 * float(whole.abs().max()) + 0.01


def test_ablation_is_a_run_with_one_patch_grey(runs):
    forced, grey = runs
    arrays, note = saliency(forced, grey)
    layers, patches, tokens = 4, len(forced.image), len(forced.emitted)
    for name in ("attention", "rollout", "relevance"):
        assert arrays[name].shape == (layers, patches, tokens)
    assert note["gap"] >= 0
    with states_kept(grey.checkpoint.anatomy) as kept:
        log_probabilities(grey)
    at = forced.image[3:4]
    with states_put(forced.checkpoint.anatomy, 0, at, kept[0][at]):
        lost = log_probabilities(forced)
    expected = (log_probabilities(forced) - lost).numpy()
    np.testing.assert_allclose(arrays["ablation"][3], expected, atol=1e-5)


def test_the_figure_has_a_veil_a_way_and_depth(runs):
    forced, grey = runs
    arrays, _ = saliency(forced, grey)
    edges = np.linspace(0, 1, 4)
    places = [(edges[c], edges[r], edges[c + 1], edges[r + 1]) for r in range(3) for c in range(3)]
    shown = arrays | {
        "rectangles": np.array(places, np.float32),
        "picture": np.zeros((8, 8, 3), np.uint8),
    }
    older = {name: value for name, value in shown.items() if name != "activation"}
    assert len(saliency_figure(older, ["a"] * 4, 1).data) == 4 * (len(WAYS) - 1)
    figure = saliency_figure(shown, ["a"] * 4, 1)
    assert len(figure.data) == 4 * len(WAYS)
    assert sum(trace.visible for trace in figure.data) == len(WAYS)
    scores = agreement(shown, 1)
    assert set(scores) == {"attention", "rollout", "relevance", "activation"}
    assert all(-1 <= score <= 1 for score in scores.values())


def test_a_saliency_test_needs_an_image():
    assert Kind.SALIENCY.needs_image


@pytest.mark.parametrize("name", sorted({name for name, with_image in CASES if with_image}))
def test_every_family_with_images_says_where_it_looks(name):
    """Weights where its kernel gives them, gradients and ablation everywhere."""
    checkpoint = loaded(name)
    forced = answer(checkpoint, Inputs(FAMILIES[name].inputs(True), None), 2)
    if not len(forced.image):
        pytest.skip("the image comes in by cross-attention")
    tensors = {
        key: value * 0.5 if key == "pixel_values" else value
        for key, value in FAMILIES[name].inputs(True).items()
    }
    grey = taught(checkpoint, Inputs(tensors, None), list(forced.emitted))
    arrays, note = saliency(forced, grey)
    for name in WAYS:
        assert np.isfinite(arrays[name]).all()
    assert np.ptp(arrays["ablation"]) > 0
    assert np.isfinite(note["gap"])
