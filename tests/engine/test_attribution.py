"""Direct logit attribution against the model's own logits and hand-made splits."""

import numpy as np
import pytest
import torch

from fretboard.core.errors import UnsupportedModel
from fretboard.engine.causal.attribution import attribution
from fretboard.engine.causal.forced import logits
from tests.support.tiny_families import TEXT_ONLY
from tests.support.tiny_other_families import OTHERS
from tests.support.worlds import FAMILIES, asked, digest, hooks, llava, noise, of_family, seed

SUMMED = {family.name: family for family in (*TEXT_ONLY, *OTHERS)}
NAMES = (
    "llama",
    "qwen3",
    "gemma",
    "gemma2",
    "granite",
    "gpt_neox",
    "gpt2",
    "qwen2_vl",
    "qwen2_5_vl",
)


def total(arrays):
    parts = [arrays["embeddings"], arrays["constant"], *arrays["attention"], *arrays["mlp"]]
    return np.sum(np.asarray(parts, dtype=np.float64), axis=0)


def before_tail(forced):
    """(tokens, V) float64, from the final norm's own output."""
    kept = []
    anatomy = forced.checkpoint.anatomy
    hook = anatomy.final_norm.register_forward_hook(lambda _m, _a, output: kept.append(output))
    logits(forced)
    hook.remove()
    head = anatomy.unembedding
    table = kept[0][0, forced.predicting].double() @ head.weight.double().T
    return table if head.bias is None else table + head.bias.double()


@pytest.mark.parametrize("name", NAMES)
def test_the_parts_sum_to_the_logit_difference(name):
    forced = of_family(SUMMED[name])
    arrays, note = attribution(forced)
    table = before_tail(forced)
    rows = torch.arange(len(forced.emitted))
    rival = torch.from_numpy(arrays["rival"]).long()
    expected = table[rows, torch.tensor(forced.emitted)] - table[rows, rival]
    np.testing.assert_allclose(arrays["whole"], expected, atol=1e-4)
    np.testing.assert_allclose(total(arrays), expected, atol=1e-4)
    assert note["gap"] < 1e-4
    assert note["tail"] == SUMMED[name].tail


def test_the_rival_is_the_strongest_other_word_or_the_one_given():
    forced = asked(llava(seed()), noise())
    own = logits(forced)
    for token, found in enumerate(attribution(forced)[0]["rival"]):
        ranked = own[token].argsort(descending=True).tolist()
        assert found == next(word for word in ranked if word != forced.emitted[token])
    arrays, _ = attribution(forced, rival=17)
    expected = own[range(len(own)), forced.emitted] - own[:, 17]
    np.testing.assert_allclose(arrays["whole"], expected, atol=1e-4)
    np.testing.assert_allclose(total(arrays), expected, atol=1e-4)


@pytest.mark.parametrize("only", [0, 2])
def test_only_the_layer_that_writes_contributes(only):
    arrays, _ = attribution(asked(llava(seed(), only), noise()))
    others = [layer for layer in range(4) if layer != only]
    for name in ("attention", "mlp"):
        assert not arrays[name][others].any()
        assert arrays[name][only].all()


@pytest.mark.parametrize("silent", ["attention", "mlp"])
def test_attention_and_mlp_are_told_apart(silent):
    checkpoint = llava(seed())
    for layer in checkpoint.anatomy.layers:
        (layer.self_attn.o_proj if silent == "attention" else layer.mlp.down_proj).weight.zero_()
    arrays, _ = attribution(asked(checkpoint, noise()))
    assert np.abs(arrays[silent]).max() < 1e-5
    assert np.abs(arrays["mlp" if silent == "attention" else "attention"]).max() > 1e-2


@pytest.mark.parametrize("name", ["granite", "gemma2"])
def test_scaled_and_normed_sublayers_count_as_they_were_added(name):
    """The reference hooks what the family's own code adds to the stream."""
    forced = of_family(SUMMED[name])
    layer = forced.checkpoint.anatomy.layers[2]
    if name == "granite":
        layer.residual_multiplier = 0.25
    part = layer.self_attn if name == "granite" else layer.post_attention_layernorm
    anatomy = forced.checkpoint.anatomy
    added, states = [], []
    handles = [
        part.register_forward_hook(lambda _m, _a, output: added.append(output)),
        anatomy.final_norm.register_forward_pre_hook(lambda _m, args: states.append(args[0])),
    ]
    logits(forced)
    for handle in handles:
        handle.remove()
    arrays, _ = attribution(forced)
    output = added[0][0] * 0.25 if name == "granite" else added[0]
    last = states[0][0, forced.predicting].double()
    norm = anatomy.final_norm
    gain = norm.weight.double() + (1 if name == "gemma2" else 0)
    eps = norm.variance_epsilon if hasattr(norm, "variance_epsilon") else norm.eps
    scale = gain / (last.square().mean(-1, keepdim=True) + eps).sqrt()
    rows = anatomy.unembedding.weight.double()
    toward = rows[list(forced.emitted)] - rows[torch.from_numpy(arrays["rival"]).long()]
    expected = (output[0, forced.predicting].double() * scale * toward).sum(-1)
    np.testing.assert_allclose(arrays["attention"][2], expected, atol=1e-4)


@pytest.mark.parametrize("name", ["mamba", "gemma4", "bamba"])
def test_layers_that_add_something_else_are_refused(name):
    forced = of_family(SUMMED[name])
    before = hooks(forced.checkpoint.model)
    with pytest.raises(UnsupportedModel, match="cannot be split"):
        attribution(forced)
    assert hooks(forced.checkpoint.model) == before


def test_the_model_is_left_as_it_was():
    forced = of_family(FAMILIES["qwen2_vl"])
    model, plain = forced.checkpoint.model, logits(forced)
    before = digest(model), hooks(model)
    attribution(forced)
    assert (digest(model), hooks(model)) == before
    assert torch.equal(logits(forced), plain)
