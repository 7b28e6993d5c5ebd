"""The stream between attention and MLP: of every family the state its code has there, or a refusal.

Which module's input that state is, is written down here a second time, by hand.
"""

import pytest
import torch

from fretboard.core.errors import UnsupportedModel
from fretboard.engine.causal.forced import logits, taught
from fretboard.engine.causal.sublayers import layers_watched, middles
from fretboard.model.checkpoint import assemble
from fretboard.model.hooks import removing
from fretboard.model.inputs import Inputs
from tests.support.tiny_families import TEXT_ONLY, TOKENIZER
from tests.support.tiny_llava_families import LLAVA_LIKE
from tests.support.tiny_other_families import OTHERS

FAMILIES = {family.name: family for family in (*TEXT_ONLY, *LLAVA_LIKE, *OTHERS)}
READ_BY = {
    "gemma2": "pre_feedforward_layernorm",
    "gemma3": "pre_feedforward_layernorm",
    "paligemma": "pre_feedforward_layernorm",
    "gpt2": "ln_2",
}
REFUSED = {
    "gpt_neox": "both read the layer's input",
    "aya_vision": "both read the layer's input",
    "mamba": "looked for one part",
    "bamba": "looked for one part",
    "gemma4": "what it adds",
    "mllama": "looked for one part",
}


@pytest.mark.parametrize("name", FAMILIES)
def test_it_is_what_the_norm_before_the_mlp_reads(name):
    checkpoint = assemble(FAMILIES[name].make(), None, TOKENIZER)
    inputs = Inputs(FAMILIES[name].inputs(bool(FAMILIES[name].image)), None)
    forced = taught(checkpoint, inputs, [5, 9, 33, 12])
    anatomy = checkpoint.anatomy
    norm = READ_BY.get(name, "post_attention_layernorm")
    read: list[torch.Tensor] = []

    def keep(_norm, args):
        read.append(args[0][0])

    with layers_watched(anatomy, forced.predicting) as seen, removing() as handles:
        for layer in anatomy.layers:
            if hasattr(layer, norm):
                part = getattr(layer, norm)
                handles.append(
                    part.register_forward_pre_hook(lambda _m, args: read.append(args[0][0]))
                )
        logits(forced)
    if name in REFUSED:
        with pytest.raises(UnsupportedModel, match=REFUSED[name]):
            middles(anatomy, seen)
        return
    halves = middles(anatomy, seen)
    expected = torch.stack([state[forced.predicting] for state in read])
    assert torch.equal(halves, expected)
