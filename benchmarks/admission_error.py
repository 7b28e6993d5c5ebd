"""The estimate of `admission.py` against the measured peak of one request.

    python benchmarks/admission_error.py --prompt 512 --tokens 64 [--layers 16] [--width 1024]

A random Llama decoder (float32, CPU, vocabulary 32 000). One process measures one request, after a
small one whose code and threads are not the request's. Prints JSON in MB (10^6 bytes); `ratio` is
estimate ÷ measured. glibc is told to return freed blocks, as in `analysis_memory.py`.
"""

import argparse
import ctypes
import json

import torch
from analysis_cost import NoTokenizer, decode
from analysis_memory import M_MMAP_THRESHOLD, peak
from transformers import LlamaConfig, LlamaForCausalLM

from fretboard.core.shape import ModelShape
from fretboard.jobs.admission import Load, request_bytes
from fretboard.model.checkpoint import Checkpoint, assemble
from fretboard.model.inputs import Inputs

VOCABULARY, HEAD_WIDTH = 32_000, 64


def make(layers: int, width: int) -> tuple[Checkpoint, ModelShape]:
    """The decoder, and its shape as a config tells it."""
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=width,
        intermediate_size=width * 11 // 4,
        num_hidden_layers=layers,
        num_attention_heads=width // HEAD_WIDTH,
        eos_token_id=None,
        pad_token_id=0,
    )
    shape = ModelShape(
        layers=layers,
        width=width,
        vocabulary=VOCABULARY,
        kv_width=width,
        mlp_width=config.intermediate_size,
        dtype="float32",
    )
    return assemble(LlamaForCausalLM(config).eval(), None, NoTokenizer()), shape


def run(checkpoint: Checkpoint, prompt: int, tokens: int) -> None:
    """One request as the pipeline runs it, without the store."""
    ids = torch.randint(1, VOCABULARY, (1, prompt))
    inputs = Inputs({"input_ids": ids, "attention_mask": torch.ones_like(ids)}, None)
    [reader] = decode(checkpoint, [inputs], tokens)
    readout, _, _ = reader.finish()
    readout.arrays()


def main() -> None:
    """Measure one request in this process."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("prompt", 512), ("tokens", 64), ("layers", 16), ("width", 1024)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, 1 << 20)
    checkpoint, shape = make(options.layers, options.width)
    run(checkpoint, 8, 2)
    before = peak()
    run(checkpoint, options.prompt, options.tokens)
    measured = peak() - before
    estimate = request_bytes(shape, Load(prompt=options.prompt, new=options.tokens)) / 1e6
    figures = vars(options) | {"measured": round(measured, 1), "estimate": round(estimate, 1)}
    print(json.dumps(figures | {"ratio": round(estimate / measured, 2)}))


if __name__ == "__main__":
    main()
