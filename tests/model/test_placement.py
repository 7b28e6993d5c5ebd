"""The arguments `from_pretrained` gets, by machine: that is pretended, the rest is real."""

import importlib.metadata
import importlib.util
from types import SimpleNamespace

import pytest
import torch
from transformers import BitsAndBytesConfig

from fretboard.core.errors import UnsupportedModel
from fretboard.model import placement as placement_module
from fretboard.model.checkpoint import load
from fretboard.model.placement import placement
from tests.support.tiny_models import save_llava


@pytest.fixture
def gpu(monkeypatch):
    """A machine with a GPU, as far as torch can tell; `bf16` says whether it has that natively."""
    machine = SimpleNamespace(bf16=True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: machine.bf16)
    return machine


@pytest.fixture
def bitsandbytes(monkeypatch):
    """The package, present: transformers asks for its version, nothing is imported."""
    version, find_spec = importlib.metadata.version, importlib.util.find_spec
    present = SimpleNamespace(name="bitsandbytes")
    monkeypatch.setattr(
        importlib.metadata,
        "version",
        lambda name: "0.49.0" if name == "bitsandbytes" else version(name),
    )
    monkeypatch.setattr(
        placement_module,
        "find_spec",
        lambda name: present if name == "bitsandbytes" else find_spec(name),
    )


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


def test_without_a_gpu_float32_on_the_cpu(no_gpu):
    assert placement("auto", "auto") == {"dtype": torch.float32}
    assert placement("cpu", "bfloat16") == {"dtype": torch.bfloat16}


def test_on_gpus_bf16_spread_over_all_of_them(gpu):
    assert placement("auto", "auto") == {"dtype": torch.bfloat16, "device_map": "auto"}
    assert placement("cuda:1", "float32") == {"dtype": torch.float32, "device_map": "cuda:1"}
    assert placement("cpu", "auto") == {"dtype": torch.float32}


def test_on_a_gpu_without_bf16_fp16(gpu):
    gpu.bf16 = False
    assert placement("auto", "auto")["dtype"] == torch.float16


@pytest.mark.parametrize(("dtype", "eight", "four"), [("int8", True, False), ("int4", False, True)])
def test_quantised_weights_on_a_gpu(gpu, bitsandbytes, dtype, eight, four):
    chosen = placement("auto", dtype)
    how = chosen["quantization_config"]
    assert isinstance(how, BitsAndBytesConfig)
    assert (how.load_in_8bit, how.load_in_4bit) == (eight, four)
    assert (chosen["dtype"], chosen["device_map"]) == (torch.bfloat16, "auto")
    if four:
        assert (how.bnb_4bit_quant_type, how.bnb_4bit_compute_dtype) == ("nf4", torch.bfloat16)


@pytest.mark.parametrize("dtype", ["int8", "int4"])
def test_quantised_weights_without_a_gpu_are_refused(no_gpu, dtype):
    with pytest.raises(UnsupportedModel, match=f"{dtype} weights need an NVIDIA GPU.*Choose"):
        placement("auto", dtype)


def test_quantised_weights_without_bitsandbytes_are_refused(gpu, monkeypatch):
    monkeypatch.setattr(placement_module, "find_spec", lambda _name: None)
    with pytest.raises(UnsupportedModel, match="pip install bitsandbytes"):
        placement("auto", "int4")


def test_cuda_that_is_not_there_is_refused(no_gpu):
    with pytest.raises(UnsupportedModel, match="torch finds no CUDA"):
        placement("cuda:0", "auto")


def test_an_unknown_dtype_is_refused_with_the_known_ones():
    with pytest.raises(UnsupportedModel, match=r"'fp8' is not known.*float16, int8, int4"):
        placement("auto", "fp8")


def test_a_checkpoint_is_loaded_in_the_asked_precision(tmp_path):
    checkpoint = load(str(save_llava(tmp_path)), None, "cpu", "bfloat16")
    assert checkpoint.dtype == "bfloat16"
    assert {weight.dtype for weight in checkpoint.model.parameters()} == {torch.bfloat16}
