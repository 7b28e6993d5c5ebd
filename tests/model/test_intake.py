"""Checkpoint folders that are not what they seem: refused at load, in a sentence with the file."""

import json
import logging
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

from fretboard.core.errors import FretboardError, UnsupportedModel
from fretboard.model.checkpoint import load
from fretboard.model.inputs import build_inputs
from tests.support.damaged_folders import DAMAGES, WEIGHTS, edit, halve
from tests.support.tiny_families import text
from tests.support.tiny_models import make_tokenizer


def refusal(folder):
    with pytest.raises(FretboardError) as refused:
        load(str(folder), None, "cpu", "auto")
    sentence = refused.value.detail
    assert "\n" not in sentence
    assert sentence.endswith(".")
    assert len(sentence) < 700
    return sentence


def rewrite(folder, change):
    """change: name → its new name, or None to leave the weight out."""
    path = folder / "model.safetensors"
    kept = {change(name): tensor for name, tensor in load_file(path).items()}
    kept.pop(None, None)
    save_file(kept, path, metadata={"format": "pt"})


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("lm_head", ["lacks 1 weight of", "lm_head.weight"]),
        ("multi_modal_projector", ["lacks 4 weights of", "multi_modal_projector.linear_1.bias"]),
        ("language_model.model.layers.2.", ["lacks 9 weights of", "layers.2.input_layernorm"]),
        ("vision_tower", ["lacks 39 weights of", "vision_tower", "and 34 more"]),
    ],
)
def test_missing_weights_are_counted_and_named(folder, part, words):
    rewrite(folder, lambda name: None if part in name else name)
    sentence = refusal(folder)
    for word in words:
        assert word in sentence


def test_weights_with_a_prefix_of_their_own_are_told_so(folder):
    rewrite(folder, lambda name: f"base_model.model.{name}")
    assert "begin with `base_model.model.`" in refusal(folder)


def test_weights_of_another_name_are_told_as_left_over(folder):
    rewrite(folder, lambda name: name.replace("multi_modal_projector.linear_1", "bridge.first"))
    sentence = refusal(folder)
    assert "lacks 2 weights" in sentence
    assert "bridge.first" in sentence


def test_weights_that_nobody_needs_are_said_in_the_log(folder, caplog):
    path = folder / "model.safetensors"
    more = {"extra.lora_A.weight": torch.ones(2)}
    save_file(load_file(path) | more, path, metadata={"format": "pt"})
    with caplog.at_level(logging.WARNING):
        load(str(folder), None, "cpu", "auto")
    assert "1 weight not used: extra.lora_A.weight" in caplog.text


def test_another_shape_than_the_configs_is_told_with_both(folder):
    config = json.loads((folder / "config.json").read_text())
    edit(folder, text_config=config["text_config"] | {"intermediate_size": 100})
    sentence = refusal(folder)
    assert "another shape than config.json says" in sentence
    assert "(48, 96), not (48, 100)" in sentence


def save_text_model(folder, **config):
    tokenizer = make_tokenizer()
    model = LlamaForCausalLM(text(LlamaConfig, vocab_size=len(tokenizer), **config))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def test_a_head_tied_to_the_embedding_is_not_missing(tmp_path):
    save_text_model(tmp_path, tie_word_embeddings=True)
    assert not any("lm_head" in name for name in load_file(tmp_path / "model.safetensors"))
    checkpoint = load(str(tmp_path), None, "cpu", "auto")
    head, words = checkpoint.anatomy.unembedding, checkpoint.model.get_input_embeddings()
    assert torch.equal(head.weight, words.weight)


def test_no_library_fills_a_gap_that_the_check_does_not_see(tmp_path):
    """The library itself still loads such a folder with random numbers: what the check is for."""
    save_text_model(tmp_path)
    rewrite(tmp_path, lambda name: None if "lm_head" in name else name)
    one, other = (AutoModelForCausalLM.from_pretrained(tmp_path).lm_head.weight for _ in "ab")
    assert not torch.equal(one, other)
    assert "lacks 1 weight" in refusal(tmp_path)


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_folder_is_one_sentence_that_names_the_file_or_field(name, folder):
    damage, words = DAMAGES[name]
    damage(folder)
    sentence = refusal(folder)
    for word in words:
        assert word in sentence, sentence


def test_a_shard_that_is_not_there_is_named(folder):
    path = folder / WEIGHTS
    names = list(load_file(path))
    shards = {name: f"model-0000{1 + (n > 9)}-of-00002.safetensors" for n, name in enumerate(names)}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": shards}))
    path.rename(folder / "model-00001-of-00002.safetensors")
    sentence = refusal(folder)
    assert "1 of 2 files" in sentence
    assert "model-00002-of-00002.safetensors" in sentence


def test_weights_in_torchs_own_format_are_read_and_damaged_ones_refused(folder):
    weights = load_file(folder / WEIGHTS)
    (folder / WEIGHTS).unlink()
    torch.save(weights, folder / "pytorch_model.bin")
    checkpoint = load(str(folder), None, "cpu", "auto")
    assert build_inputs(checkpoint, "the cat", None, None).prompt_tokens > 2
    halve(folder / "pytorch_model.bin")
    sentence = refusal(folder)
    assert "pytorch_model.bin is cut off or damaged" in sentence


def test_a_folder_with_any_signs_in_its_name_is_read(folder, tmp_path):
    odd = tmp_path / "ü b#c%20d 'e'"
    shutil.copytree(folder, odd)
    assert load(str(odd), None, "cpu", "auto").processor is not None


def test_padding_that_has_no_embedding_is_another_token(folder):
    edit(folder, "generation_config.json", pad_token_id=10**6)
    assert load(str(folder), None, "cpu", "auto").model.generation_config.pad_token_id == 2


def test_refusals_are_of_one_kind(folder):
    (folder / WEIGHTS).unlink()
    with pytest.raises(UnsupportedModel):
        load(str(folder), None, "cpu", "auto")
