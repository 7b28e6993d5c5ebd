"""Models that no table knows, refusals, logit tails, and weights that lie on several devices."""

import pytest
import torch
from accelerate import dispatch_model
from torch import nn
from transformers import (
    GenerationConfig,
    GenerationMixin,
    LlamaConfig,
    LlamaModel,
    PreTrainedModel,
    T5Config,
    T5ForConditionalGeneration,
)
from transformers.modeling_outputs import CausalLMOutputWithPast

from fretboard.core.errors import UnsupportedModel
from fretboard.model.anatomy import Anatomy, input_device, locate
from fretboard.model.capture import Capture
from fretboard.model.checkpoint import assemble
from fretboard.model.generation import generate
from fretboard.model.inputs import Inputs
from fretboard.model.interventions import SkippingCache, skip_layers
from tests.support.tiny_families import LAYERS, TEXT_ONLY, TOKENIZER, Family, text
from tests.support.tiny_other_families import OTHERS

FAMILIES = {family.name: family for family in (*TEXT_ONLY, *OTHERS)}


class Trunk(nn.Module):
    """A decoder with names of its own."""

    def __init__(self, llama):
        super().__init__()
        self.words, self.rotary = llama.embed_tokens, llama.rotary_emb
        self.stages, self.closing = llama.layers, llama.norm

    def forward(self, input_ids, past_key_values=None):
        past = past_key_values.get_seq_length() if past_key_values is not None else 0
        hidden = self.words(input_ids)
        places = torch.arange(past, past + hidden.shape[1])[None]
        turns = self.rotary(hidden, places)
        for stage in self.stages:
            hidden = stage(hidden, position_embeddings=turns, past_key_values=past_key_values)
        return self.closing(hidden)


class Stranger(PreTrainedModel, GenerationMixin):
    """No attribute named as transformers names them, but it answers the two questions."""

    config_class = LlamaConfig
    _supports_sdpa = True

    def __init__(self, config):
        super().__init__(config)
        self.trunk = Trunk(LlamaModel(config))
        self.reader = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.post_init()

    def get_input_embeddings(self):
        return self.trunk.words

    def get_decoder(self):
        return self.trunk

    def get_output_embeddings(self):
        return self.reader

    def forward(self, input_ids, past_key_values=None, **_more):
        logits = self.reader(self.trunk(input_ids, past_key_values))
        return CausalLMOutputWithPast(logits=logits, past_key_values=past_key_values)


STRANGER = Family("stranger", lambda: Stranger(text(LlamaConfig)), "trunk")


def answer(checkpoint, tensors, skipped=()):
    steps = []
    generate(checkpoint, Inputs(tensors, None), 5, skipped, lambda step: steps.append(step) or True)
    return steps


@pytest.mark.parametrize("skipped", [(), (0, 2)])
def test_an_unknown_family_that_follows_the_protocol_works(skipped):
    anatomy = (checkpoint := assemble(STRANGER.make(), None, TOKENIZER)).anatomy
    steps = answer(checkpoint, STRANGER.inputs(False), skipped)
    shorter = STRANGER.make()
    shorter.trunk.stages = nn.ModuleList(
        stage for index, stage in enumerate(shorter.trunk.stages) if index not in skipped
    )
    ids = STRANGER.inputs(False)["input_ids"]
    whole = torch.cat([ids, torch.tensor([[step.token_id for step in steps[:-1]]])], dim=1)
    expected = shorter(whole).logits[0, ids.shape[1] - 1 :]
    got = torch.stack([step.logits for step in steps])
    torch.testing.assert_close(got, expected, atol=1e-4, rtol=1e-4)
    read = anatomy.logits(anatomy.normed(torch.stack([step.states[-1] for step in steps])))
    torch.testing.assert_close(read, expected, atol=1e-4, rtol=1e-4)


def without_norm():
    model = STRANGER.make()
    model.trunk.closing = nn.Identity()
    return model


def without_layers():
    model = STRANGER.make()
    model.trunk.more = nn.ModuleList([nn.Linear(2, 2)])
    return model


def encoder_decoder():
    sizes = {"d_model": 16, "d_kv": 8, "d_ff": 16, "num_layers": 1, "num_heads": 2}
    return T5ForConditionalGeneration(T5Config(vocab_size=32, **sizes))


def deaf_to_text():
    model = STRANGER.make()
    model.forward = lambda pixel_values: pixel_values
    return model


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (without_norm, r"Trunk has no final norm: looked for norm, .*class is called a norm"),
        (
            without_layers,
            r"no decoder that could be found: looked for get_decoder\(\)",
        ),
        (lambda: nn.Linear(2, 2), r"Linear has no decoder .* get_decoder"),
        (encoder_decoder, r"T5\w+ is an encoder-decoder; looked for a decoder-only"),
        (lambda: LlamaModel(text(LlamaConfig)), r"no language-model head .*get_output_embeddings"),
        (deaf_to_text, r"did not run on 8 text tokens alone, which its parts are verified with"),
    ],
)
def test_what_does_not_follow_it_is_refused_and_told_what_was_looked_for(build, sentence):
    with pytest.raises(UnsupportedModel, match=sentence):
        locate(build())


def test_a_factor_that_no_config_names_is_measured():
    model = STRANGER.make()
    head = model.reader

    class Warm(nn.Module):
        def forward(self, hidden):
            return head(hidden) * 0.37

    model.reader = Warm()
    model.get_output_embeddings = lambda: head
    assert locate(model).tail_name == "scale 0.37"


def test_another_head_than_the_models_own_is_refused():
    model, other = FAMILIES["llama"].make(), nn.Linear(32, 7, bias=False)
    model.get_output_embeddings = lambda: other
    with pytest.raises(UnsupportedModel, match=r"shape \(8, 7\), the model \(8, 120\)"):
        locate(model)


@pytest.mark.parametrize("name", ["llama", "instructblip"])
def test_a_checkpoints_own_settings_do_not_bend_the_logits(name):
    model, tensors = FAMILIES[name].make(), FAMILIES[name].inputs(True)
    plain = answer(assemble(FAMILIES[name].make(), None, TOKENIZER), tensors)
    bent = GenerationConfig(repetition_penalty=9.0, do_sample=True, temperature=0.3, num_beams=3)
    bent.update(suppress_tokens=list(range(60)), eos_token_id=None)
    for part in (part for part in model.modules() if hasattr(part, "generation_config")):
        part.generation_config = bent
    for got, expected in zip(answer(assemble(model, None, TOKENIZER), tensors), plain, strict=True):
        assert torch.equal(got.logits, expected.logits)


@pytest.mark.parametrize("skipped", [(), (0, 3)])
def test_offloaded_weights_are_fetched_where_they_are_read(tmp_path, skipped):
    """What device_map="auto" leaves on disk has no data (`meta`) outside its own forward."""
    family = FAMILIES["llama"]
    places = {f"model.layers.{index}": ("cpu", "disk")[index % 2] for index in range(LAYERS)}
    places |= dict.fromkeys(("model.embed_tokens", "model.norm", "lm_head"), "disk")
    places["model.rotary_emb"] = "cpu"
    away = dispatch_model(family.make(), places, main_device="cpu", offload_dir=tmp_path)
    assert away.lm_head.weight.device.type == away.model.norm.weight.device.type == "meta"
    assert input_device(away) == torch.device("cpu")
    anatomy = (checkpoint := assemble(away, None, TOKENIZER)).anatomy
    steps = answer(checkpoint, family.inputs(False), skipped)
    plain = answer(assemble(family.make(), None, TOKENIZER), family.inputs(False), skipped)
    for got, expected in zip(steps, plain, strict=True):
        torch.testing.assert_close(got.logits, expected.logits)
        torch.testing.assert_close(anatomy.logits(anatomy.normed(got.states))[-1], expected.logits)


def test_a_skip_leaves_the_placement_of_a_layer_alone():
    """accelerate moves tensors in a `forward` of the instance; a skip must not lose it."""
    model = FAMILIES["llama"].make()
    places = {"lm_head": "cpu", "model": "cpu"} | {
        f"model.layers.{i}": "cpu" for i in range(LAYERS)
    }
    anatomy = locate(dispatch_model(model, places, main_device="cpu", force_hooks=True))
    before = [vars(layer)["forward"] for layer in anatomy.layers]
    with skip_layers(anatomy, (0, 2, 2)):
        assert anatomy.layers[2](before) is before
    assert [vars(layer)["forward"] for layer in anatomy.layers] == before


class Ferry(nn.Module):
    def __init__(self, device):
        super().__init__()
        self.weight = nn.Parameter(torch.ones((), device=device))

    def forward(self, hidden):
        return hidden.to(self.weight.device) * self.weight


def test_states_of_layers_on_several_devices_are_brought_together():
    layers = (Ferry("cpu"), Ferry("cpu"), Ferry("meta"))
    anatomy = Anatomy(layers, nn.Identity(), nn.Identity(), lambda logits: logits, "none")
    capture = Capture(anatomy)
    with capture.hooked():
        hidden = torch.randn(1, 3, 4)
        for layer in layers:
            hidden = layer(hidden)
    states = capture.take()
    assert (states.shape, states.device.type) == ((4, 1, 4), "meta")


def test_norm_and_head_on_different_devices_get_their_input_there():
    norm, head = nn.LayerNorm(4), nn.Linear(4, 6, device="meta")
    anatomy = Anatomy((), norm, head, lambda logits: logits, "none")
    normed = anatomy.normed(torch.randn(2, 4))
    logits = anatomy.logits(Ferry("meta")(normed))
    assert (normed.device.type, logits.device.type, *logits.shape) == ("cpu", "meta", 2, 6)


def test_the_past_is_not_counted_on_a_layer_that_looks_at_the_image():
    """Layer 0 is skipped, layer 1 keeps the image's 2 × 17 keys; the text has 10 positions."""
    family = FAMILIES["mllama"]
    checkpoint = assemble(family.make(), None, TOKENIZER)
    cache = SkippingCache(checkpoint.anatomy, (0,), checkpoint.model.config.text_config)
    with skip_layers(checkpoint.anatomy, (0,)), torch.inference_mode():
        checkpoint.model(**family.inputs(True), past_key_values=cache, use_cache=True)
    assert [cache.layers[layer].get_seq_length() for layer in (0, 1, 2)] == [0, 34, 10]
    assert cache.get_seq_length() == 10
    assert cache.get_mask_sizes(1, 0) == (11, 0)


def test_shapes_are_read_off_the_model():
    anatomy = locate(FAMILIES["llama"].make())
    assert (anatomy.depths, anatomy.vocabulary, anatomy.width) == (LAYERS + 1, 120, 32)
    assert anatomy.dtype == torch.float32
