"""Where a model's weights go and how precise they are: the arguments for `from_pretrained`."""

from importlib.util import find_spec
from typing import Any

import torch
from transformers import BitsAndBytesConfig

from fretboard.core.errors import UnsupportedModel

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
QUANTISED = ("int8", "int4")


def placement(device: str, dtype: str) -> dict[str, Any]:
    """`auto` spreads a model over all GPUs and stays on the CPU (float32) without one.

    device: `auto`, `cpu`, `cuda`, `cuda:1`, …; dtype: `auto` (bf16 on GPUs that have it, else
    fp16), a name in DTYPES, or `int8`, `int4` (weights only; the unembedding stays as it is).
    Raises UnsupportedModel where the machine cannot do what was asked.
    """
    if dtype not in ("auto", *DTYPES, *QUANTISED):
        known = ", ".join(("auto", *DTYPES, *QUANTISED))
        raise UnsupportedModel(f"The dtype {dtype!r} is not known. Choose one of {known}.")
    cuda = torch.cuda.is_available() and device != "cpu"
    if device.startswith("cuda") and not cuda:
        raise UnsupportedModel(
            f"The device {device!r} was asked for, but torch finds no CUDA here. Choose `auto` or "
            "`cpu`, or install a driver and a CUDA build of torch."
        )
    chosen: dict[str, Any] = {
        "dtype": DTYPES.get(dtype) or (_gpu_dtype() if cuda else DTYPES["float32"])
    }
    if cuda:
        chosen["device_map"] = "auto" if device == "auto" else device
    if dtype in QUANTISED:
        chosen["quantization_config"] = _quantisation(dtype, cuda)
    return chosen


def _gpu_dtype() -> torch.dtype:
    """bf16 keeps float32's range; GPUs before 2020 only emulate it."""
    native = torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.bfloat16 if native else torch.float16


def _quantisation(dtype: str, cuda: bool) -> BitsAndBytesConfig:
    """LLM.int8, or NF4 with doubly quantised constants computing in the GPU's own dtype."""
    if not cuda:
        raise UnsupportedModel(
            f"{dtype} weights need an NVIDIA GPU, and this process runs on the CPU. Choose "
            "`float32` or `bfloat16`."
        )
    if find_spec("bitsandbytes") is None:
        raise UnsupportedModel(
            f"{dtype} weights need the package bitsandbytes, which is not installed. Run "
            "`pip install bitsandbytes`, or choose `bfloat16`."
        )
    if dtype == "int8":
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=_gpu_dtype(),
    )
