"""Knockout, patching and the attention cut on models whose truth is known by construction."""

import numpy as np
import pytest
import torch
from PIL import Image

from fretboard.core.errors import Cancelled, InputError, UnsupportedModel
from fretboard.engine.causal.forced import log_probabilities, logits
from fretboard.engine.causal.image_cut import attention_cut
from fretboard.engine.causal.knockout import knockout
from fretboard.engine.causal.patching import SMALLEST_DIFFERENCE, SPANS, patching, spans
from tests.support.tiny_families import TEXT_ONLY
from tests.support.worlds import FAMILIES, LAYERS, asked, llava, noise, normal, of_family, seed

TEXTS = {family.name: family for family in TEXT_ONLY}


def qwen_pair():
    """Two runs of one Qwen2-VL prompt about different pixels."""
    family = FAMILIES["qwen2_vl"]
    shape = family.image()["pixel_values"].shape
    return of_family(family, normal(shape)), of_family(family, 2 * normal(shape))


def llava_pair():
    checkpoint = llava(seed())
    return asked(checkpoint, noise()), asked(checkpoint, Image.new("RGB", (24, 24), "grey"))


pairs = pytest.mark.parametrize("pair", [llava_pair, qwen_pair], ids=["llava", "qwen2_vl"])


@pytest.mark.parametrize("only", range(LAYERS))
def test_knocking_out_matters_at_the_one_layer_that_writes(only):
    forced = asked(llava(seed(), only), noise())
    arrays, note = knockout(forced)
    others = [layer for layer in range(LAYERS) if layer != only]
    assert not arrays["effect"][others].any()
    assert np.abs(arrays["effect"][only]).min() > 1e-4
    assert note["not_skippable"] == []


@pytest.mark.parametrize("name", ["llava", "qwen2_vl"])
def test_the_effect_of_a_layer_is_what_a_model_without_its_writing_says(name):
    """The reference zeroes the layer's two output projections."""
    forced = asked(llava(seed()), noise()) if name == "llava" else of_family(FAMILIES[name])
    plain = logits(forced).double().log_softmax(-1)
    arrays, _ = knockout(forced)
    rows = range(len(forced.emitted))
    layer = forced.checkpoint.anatomy.layers[2]
    for part in (layer.self_attn.o_proj, layer.mlp.down_proj):
        part.weight.zero_()
    silent = logits(forced).double().log_softmax(-1)
    expected = (silent - plain)[rows, forced.emitted]
    np.testing.assert_allclose(arrays["effect"][2], expected, atol=1e-4)
    np.testing.assert_allclose(arrays["plain"], plain[rows, forced.emitted], atol=1e-5)


def test_layers_that_cannot_go_alone_are_told():
    arrays, note = knockout(of_family(TEXTS["gemma4"]))
    assert note["not_skippable"] == [0, 2]
    assert np.isnan(arrays["effect"]).all(1).tolist() == [True, False, True, False, False]


@pairs
def test_all_positions_at_any_depth_give_the_donors_answer(pair):
    donor, base = pair()
    arrays, _ = patching(donor, base)
    everything = arrays["log_probability"][:, SPANS.index("all")]
    expected = log_probabilities(donor).numpy()
    np.testing.assert_array_equal(everything, np.broadcast_to(expected, everything.shape))
    apart = np.abs(arrays["donor"] - arrays["base"]) >= SMALLEST_DIFFERENCE
    assert (arrays["recovered"][:, SPANS.index("all"), apart] == 1).all()
    assert np.isnan(arrays["recovered"][:, :, ~apart]).all()


@pairs
def test_the_image_decides_at_depth_0_and_the_reading_positions_at_depth_l(pair):
    donor, base = pair()
    table = patching(donor, base)[0]["log_probability"]
    image, prompt, predicting = (
        table[:, SPANS.index(n)] for n in ("image", "prompt", "predicting")
    )
    np.testing.assert_allclose(image[0], log_probabilities(donor), atol=1e-5)
    np.testing.assert_array_equal(predicting[-1], log_probabilities(donor))
    own = log_probabilities(base).numpy()
    for untouched in (prompt[0], predicting[0], image[-1], prompt[-1]):
        np.testing.assert_allclose(untouched, own, atol=1e-5)


def test_the_image_is_read_at_the_layer_that_alone_reads():
    checkpoint = llava(seed(), only=1)
    donor, base = asked(checkpoint, noise()), asked(checkpoint, Image.new("RGB", (24, 24)))
    table = patching(donor, base)[0]["log_probability"]
    given, own = log_probabilities(donor).numpy(), log_probabilities(base).numpy()
    assert np.abs(given - own).max() > 1e-3
    for depth in range(LAYERS + 1):
        image, predicting = (given, own) if depth <= 1 else (own, given)
        np.testing.assert_allclose(table[depth, SPANS.index("image")], image, atol=1e-5)
        np.testing.assert_allclose(table[depth, SPANS.index("predicting")], predicting, atol=1e-5)


def test_the_spans_are_apart_and_together_everything():
    found = spans(of_family(FAMILIES["qwen2_vl"]))
    parts = torch.cat([found[name] for name in ("image", "prompt", "predicting")])
    assert sorted(parts.tolist()) == found["all"].tolist()


def test_runs_whose_positions_do_not_correspond_are_refused():
    donor, base = qwen_pair()
    tall = dict(base.tensors, image_grid_thw=torch.tensor([[1, 8, 4]]))
    checkpoint = llava(seed())
    short = asked(checkpoint, noise(), said="red")
    cases = [
        (donor, type(base)(base.checkpoint, tall, base.emitted, base.prompt_tokens, base.image)),
        (asked(checkpoint, noise()), short),
        (short, asked(checkpoint, None, said="red")),
    ]
    for (one, other), word in zip(cases, ("image_grid_thw", "answers", "positions"), strict=True):
        with pytest.raises(InputError, match=word):
            patching(one, other)


@pytest.mark.parametrize("implementation", ["eager", "sdpa"])
def test_the_cut_ends_at_the_plain_run_and_begins_at_a_masked_image(implementation):
    """The reference masks the image positions for all, by the model's own 2-D mask."""
    checkpoint = llava(seed())
    checkpoint.model.set_attn_implementation(implementation)
    forced = asked(checkpoint, noise())
    table = attention_cut(forced)[0]["log_probability"]
    np.testing.assert_array_equal(table[-1], log_probabilities(forced))
    mask = forced.tensors["attention_mask"].clone()
    mask[0, forced.image] = 0
    masked = type(forced)(
        checkpoint, forced.tensors | {"attention_mask": mask}, forced.emitted,
        forced.prompt_tokens, forced.image,
    )  # fmt: skip
    np.testing.assert_allclose(table[0], log_probabilities(masked), atol=1e-5)
    assert np.abs(table[0] - table[-1]).max() > 1e-3


@pytest.mark.parametrize("implementation", ["eager", "sdpa"])
@pytest.mark.parametrize("name", ["qwen2_vl", "qwen2_5_vl"])
def test_a_blind_text_says_the_same_of_any_image(name, implementation):
    family = FAMILIES[name]
    shape = family.image()["pixel_values"].shape
    tables = []
    for _ in range(2):
        forced = of_family(family, 2 * normal(shape))
        forced.checkpoint.model.set_attn_implementation(implementation)
        tables.append(attention_cut(forced)[0]["log_probability"])
    np.testing.assert_allclose(tables[0][0], tables[1][0], atol=1e-5)
    assert np.abs(tables[0][-1] - tables[1][-1]).max() > 1e-3


def test_the_cut_matters_up_to_the_layer_that_alone_reads():
    only = 2
    forced = asked(llava(seed(), only), noise())
    table = attention_cut(forced)[0]["log_probability"]
    np.testing.assert_allclose(table[only + 1 :], np.tile(table[-1], (LAYERS - only, 1)), atol=1e-6)
    np.testing.assert_allclose(table[: only + 1], np.tile(table[0], (only + 1, 1)), atol=1e-6)
    assert np.abs(table[only] - table[only + 1]).max() > 1e-4


def test_what_cannot_be_cut_is_refused():
    with pytest.raises(InputError, match="no image positions"):
        attention_cut(asked(llava(seed()), None))
    forced = asked(llava(seed()), noise())
    forced.checkpoint.model.config.text_config._attn_implementation = "flash_attention_2"
    with pytest.raises(UnsupportedModel, match="flash_attention_2"):
        attention_cut(forced)


@pytest.mark.parametrize("kind", [knockout, attention_cut, lambda f, t: patching(f, f, t)])
def test_a_run_can_be_called_off(kind):
    def stop(done, total):
        if done == 2:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        kind(asked(llava(seed()), noise()), stop)
