"""What must hold of a model before it is served; each fault is planted in one that is sound."""

import logging
import shutil
from functools import wraps

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from fretboard.core.errors import NoNumbers, UnsupportedModel
from fretboard.core.own_models import BUNDLED_WEIGHTS
from fretboard.engine.load import load_pipeline
from fretboard.model.checkpoint import assemble
from fretboard.model.checkpoint import load as load_checkpoint
from fretboard.model.inputs import Inputs
from fretboard.model.self_test import self_test, try_inputs
from fretboard.store.analyses import open_store
from tests.model.test_families import FAMILIES, loaded
from tests.support.settings import make_settings
from tests.support.tiny_families import TOKENIZER
from tests.support.tiny_models import make_llava, save_llava


def tiny():
    model, processor = make_llava()
    return assemble(model, processor, processor.tokenizer)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_every_family_passes(name, dtype):
    family = FAMILIES[name]
    checkpoint = (
        loaded(name)
        if dtype is torch.float32
        else assemble(family.make().to(dtype), None, TOKENIZER)
    )
    inputs = family.inputs(True)
    other = {k: v.flip(-1) if k == "pixel_values" else v for k, v in inputs.items()}
    passed = try_inputs(
        checkpoint, Inputs(inputs, None), Inputs(other, None) if family.image else None
    )
    assert passed.lens < (1e-5 if dtype is torch.float32 else 2e-2)
    assert passed.cache < (1e-5 if dtype is torch.float32 else 5e-2)
    assert (passed.image is not None) == (family.image is not None)


def test_the_bundled_model_passes_with_the_positions_of_its_picture():
    checkpoint = load_checkpoint(str(BUNDLED_WEIGHTS), None, "cpu", "auto")
    assert self_test(checkpoint).image_positions == 64
    assert self_test(checkpoint, Image.new("RGB", (50, 90), "red")).image > 0


@pytest.mark.parametrize(
    ("plant", "place"),
    [
        (lambda m: m.model.multi_modal_projector.linear_2.bias, "token 0, depth 1 on"),
        (lambda m: m.model.language_model.layers[2].mlp.down_proj.weight, "token 0, depth 3 on"),
        (lambda m: m.model.language_model.norm.weight, "token 0, depth 4 on"),
        (lambda m: m.lm_head.weight, "token 0, depth 4 on"),
    ],
)
def test_no_numbers_are_told_with_the_first_token_and_depth(plant, place):
    checkpoint = tiny()
    with torch.no_grad():
        plant(checkpoint.model).fill_(torch.nan)
    with pytest.raises(NoNumbers, match=place) as refused:
        self_test(checkpoint)
    assert "bfloat16 or float32" in refused.value.detail


def test_a_model_that_does_not_look_at_the_picture_is_refused():
    checkpoint = tiny()
    with torch.no_grad():
        checkpoint.model.model.multi_modal_projector.linear_2.weight.zero_()
    with pytest.raises(UnsupportedModel, match="two different pictures give the very same answer"):
        self_test(checkpoint)


def test_a_cache_that_changes_the_answer_is_refused(monkeypatch):
    checkpoint = tiny()
    kind = type(checkpoint.model)
    prepare = kind.prepare_inputs_for_generation

    @wraps(prepare)
    def shifted(*args, **more):
        """Positions restart behind the prompt: a fault that decoding without a cache has not."""
        inputs = prepare(*args, **more)
        if inputs["input_ids"].shape[1] == 1:
            inputs["position_ids"] = torch.zeros_like(inputs["input_ids"])
        return inputs

    monkeypatch.setattr(kind, "prepare_inputs_for_generation", shifted)
    with pytest.raises(UnsupportedModel, match="with a cache and without it gives other words"):
        self_test(checkpoint)


def test_a_lens_that_is_not_the_model_at_the_last_depth_is_refused():
    checkpoint = tiny()
    with torch.no_grad():
        checkpoint.model.lm_head.bias = torch.nn.Parameter(torch.zeros(347))
    checkpoint.model.lm_head.register_forward_hook(
        lambda _module, args, output: output * 1.5 if args[0].shape[1:2] != (1,) else output
    )
    with pytest.raises(UnsupportedModel, match="does not come out"):
        self_test(checkpoint)


def test_what_a_library_raises_is_a_sentence(monkeypatch):
    checkpoint = tiny()

    @wraps(type(checkpoint.model).forward)
    def broken(*_args, **_more):
        raise RuntimeError("Sizes of tensors must match.\n  except in dimension 1")

    monkeypatch.setattr(type(checkpoint.model), "forward", broken)
    with pytest.raises(UnsupportedModel, match=r"does not run on a question: Sizes of tensors"):
        self_test(checkpoint)


def test_it_runs_once_for_a_revision_and_again_for_another(tmp_path, monkeypatch, caplog):
    folder = save_llava(tmp_path / "one")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def tests_run(folder):
        caplog.clear()
        with caplog.at_level(logging.INFO):
            load_pipeline(make_settings(folder, tmp_path), open_store("memory://"))
        return caplog.text.count("self-test passed")

    assert [tests_run(folder), tests_run(folder)] == [1, 0]
    again = tmp_path / "two"
    shutil.copytree(folder, again)
    with (again / "chat_template.jinja").open("a") as template:
        template.write(" ")
    assert [tests_run(again), tests_run(again)] == [1, 0]


def test_a_model_that_failed_is_tested_again(tmp_path, monkeypatch):
    folder = save_llava(tmp_path / "one")
    weights = load_file(folder / "model.safetensors")
    weights["language_model.lm_head.weight"].fill_(torch.nan)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    for _ in range(2):
        with pytest.raises(NoNumbers):
            load_pipeline(make_settings(folder, tmp_path), open_store("memory://"))
