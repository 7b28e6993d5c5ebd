"""Which layers an architecture cannot do without, said before the first token."""

import pytest
import torch
from torch import nn
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    MiniMaxConfig,
    MiniMaxForCausalLM,
    RwkvConfig,
    RwkvForCausalLM,
)

from fretboard.core.errors import InputError
from fretboard.model.checkpoint import assemble
from fretboard.model.generation import generate
from fretboard.model.inputs import Inputs
from fretboard.model.interventions import shared_keys
from tests.support.tiny_families import LAYERS, TEXT_ONLY, TOKENIZER, Family, text

GEMMA_4 = next(family for family in TEXT_ONLY if family.name == "gemma4")
KINDS = ["linear_attention", "full_attention"] * 2 + ["linear_attention"]
MINIMAX = Family(
    "minimax",
    lambda: MiniMaxForCausalLM(text(MiniMaxConfig, layer_types=KINDS, num_local_experts=2)),
)
RWKV = Family(
    "rwkv",
    lambda: RwkvForCausalLM(
        RwkvConfig(vocab_size=120, hidden_size=32, num_hidden_layers=LAYERS, eos_token_id=None)
    ),
)


def steps_of(model, skipped):
    """The steps taken, and the error that ended them if any."""
    steps = []
    inputs = Inputs(GEMMA_4.inputs(False), None)
    checkpoint = assemble(model, None, TOKENIZER)
    forwards = []
    checkpoint.model.register_forward_pre_hook(lambda *_: forwards.append(1))
    try:
        generate(checkpoint, inputs, 2, skipped, lambda step: steps.append(step) or True)
    except InputError as error:
        return steps, forwards, error.detail
    return steps, forwards, None


@pytest.mark.parametrize(
    ("skipped", "layer", "readers"), [((0,), 0, "layer 3"), ((1, 2, 3), 2, "layer 4")]
)
def test_a_layer_whose_keys_others_read_goes_with_them_only(skipped, layer, readers):
    steps, forwards, detail = steps_of(GEMMA_4.make(), skipped)
    assert (steps, forwards) == ([], [])
    assert f"Layer {layer} of this model can only be skipped together with {readers}" in detail


def test_who_reads_whose_keys_is_what_the_layers_do():
    model = GEMMA_4.make()
    first = {layer: _first_reader(model, layer) for layer in range(3)}
    assert first == {0: 3, 1: None, 2: 4}
    assert shared_keys(model.config) == {0: {3}, 2: {4}}


def _first_reader(model, layer):
    """The first layer whose attention changes with the keys of `layer`, by another way than the
    residual stream: what `layer` itself attends to does not get there."""
    attention = model.model.layers[layer].self_attn
    attention.o_proj.weight.data.zero_()
    before = _attended(model)
    attention.k_proj.weight.data.mul_(-3)
    pairs = zip(before, _attended(model), strict=True)
    changed = [index for index, (old, new) in enumerate(pairs) if not torch.equal(old, new)]
    return changed[0] if changed else None


def _attended(model):
    seen = []
    hooks = [
        block.self_attn.register_forward_hook(lambda _m, _a, out: seen.append(out[0].clone()))
        for block in model.model.layers
    ]
    with torch.inference_mode():
        model(**GEMMA_4.inputs(False), use_cache=False)
    for hook in hooks:
        hook.remove()
    return seen


def test_keys_are_shared_by_no_one_where_the_config_names_no_sharing():
    assert shared_keys(text(LlamaConfig)) == {}


@pytest.mark.parametrize("family", [MINIMAX, RWKV], ids=lambda family: family.name)
def test_a_past_of_the_familys_own_allows_no_skip_but_is_read(family):
    steps, forwards, detail = steps_of(family.build().eval(), (1,))
    assert (steps, forwards) == ([], [])
    assert detail.startswith("No layer of this model can be skipped")
    steps, _, detail = steps_of(family.build().eval(), ())
    assert (len(steps), detail) == (2, None)


class Follower(nn.Module):
    """A layer that wants what the one before it left behind."""

    def __init__(self, own, before):
        super().__init__()
        self.own, self.left, self.before = own, None, [before]

    def forward(self, hidden_states, **more):
        self.left = {"seen": hidden_states}
        if self.before[0] is not None:
            hidden_states = hidden_states + 0 * self.before[0].left["seen"]
            self.before[0].left = None
        return self.own(hidden_states, **more)


def test_another_want_of_a_layer_is_told_with_its_cause():
    model = LlamaForCausalLM(text(LlamaConfig)).eval()
    chain = []
    for layer in model.model.layers:
        chain.append(Follower(layer, chain[-1] if chain else None))
    model.model.layers = nn.ModuleList(chain)
    steps, _, detail = steps_of(model, (1, 3))
    assert steps == []
    assert detail.startswith("This model does not run with layers 1, 3 skipped (TypeError: ")
    assert len(steps_of(model, ())[0]) == 2
