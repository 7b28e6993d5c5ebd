"""What an analysis costs on top of generation: ratios measured side by side in one run.

    python benchmarks/analysis_cost.py --model bundled|random32 [--tokens 64] [--rounds 3]

Ways, on the same model and tokens:
- plain:    `generate` alone
- ours:     `generate` with capture, readout and stages (what the worker does)
- scripts:  the way of the paper's published scripts: all hidden states kept, one LM-head product
            per token and depth, divergences in float64
- forward:  `generate`, then one extra forward pass with all hidden states, read out by us
"""

import argparse
import json
import resource
import statistics
import time
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from fretboard.core.arrays import TOP_K
from fretboard.core.own_models import BUNDLED_WEIGHTS
from fretboard.core.reading import Lens
from fretboard.engine.derive import make_lens
from fretboard.engine.stream import StreamingReader
from fretboard.lens.readout import read_out
from fretboard.lens.stages import Thresholds, detect
from fretboard.model.checkpoint import Checkpoint, assemble, load
from fretboard.model.generation import Answer, Step, generate_together
from fretboard.model.inputs import Inputs, build_inputs

PROMPT_TOKENS = 64


class NoTokenizer:
    """A random decoder has no words; nothing here asks for any."""

    eos_token_id = None


def random_decoder() -> tuple[Checkpoint, Inputs]:
    """32 layers, width 1024, vocabulary 32 000, random weights."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=32_000,
        hidden_size=1024,
        intermediate_size=2816,
        num_hidden_layers=32,
        num_attention_heads=16,
        eos_token_id=None,
        pad_token_id=0,
    )
    checkpoint = assemble(LlamaForCausalLM(config).eval(), None, NoTokenizer())
    ids = torch.randint(1, 32_000, (1, PROMPT_TOKENS))
    tensors = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    return checkpoint, Inputs(tensors, None)


def bundled() -> tuple[Checkpoint, Inputs]:
    """The shipped model on a text prompt, so that all answers have the same length."""
    checkpoint = load(str(BUNDLED_WEIGHTS), None, "cpu", "float32")
    return checkpoint, build_inputs(checkpoint, "Please describe this image in detail.", None, None)


def plain(checkpoint: Checkpoint, inputs: Inputs, tokens: int) -> torch.Tensor:
    """The emitted ids of plain greedy decoding."""
    with torch.inference_mode():
        out = checkpoint.model.generate(
            **inputs.tensors, max_new_tokens=tokens, min_new_tokens=tokens
        )
    return out[0, inputs.prompt_tokens :]


def decode(
    checkpoint: Checkpoint, rows: Sequence[Inputs], tokens: int, reading: bool = True
) -> list[StreamingReader]:
    """Answers of one batch, each in its reader as the worker has it; reading: read out as well."""
    lens, depths = make_lens(checkpoint.anatomy, Lens.NORMED), checkpoint.anatomy.depths
    readers = [StreamingReader(lens, depths) for _ in rows]

    def hear(reader: StreamingReader) -> Callable[[Step], bool]:
        def on_step(step: Step) -> bool:
            if reading:
                reader.take(step)
            return True

        return on_step

    answers = [Answer(row, tokens, hear(reader)) for row, reader in zip(rows, readers, strict=True)]
    generate_together(checkpoint, answers)
    return readers


def ours(checkpoint: Checkpoint, inputs: Inputs, tokens: int) -> float:
    """Seconds that were spent on reading out."""
    [reader] = decode(checkpoint, [inputs], tokens)
    readout, _, _ = reader.finish()
    leaders = readout.top_ids[..., 0]
    detect(readout.jsd, readout.probability, readout.rank, leaders, Thresholds())
    return reader.seconds


@torch.inference_mode()
def scripts(checkpoint: Checkpoint, inputs: Inputs, tokens: int) -> None:
    """Written afresh from the method's definition; normed, so that the numbers agree with ours."""
    out = checkpoint.model.generate(
        **inputs.tensors,
        max_new_tokens=tokens,
        min_new_tokens=tokens,
        return_dict_in_generate=True,
        output_hidden_states=True,
    )
    anatomy = checkpoint.anatomy
    for states in out.hidden_states:
        rows = []
        for depth, state in enumerate(states):
            last = state[0, -1]
            normed = last if depth == len(states) - 1 else anatomy.final_norm(last)
            rows.append(torch.softmax(anatomy.unembedding(normed).double(), -1).numpy())
        for p, q in pairwise(rows):
            m = (p + q) / 2
            np.mean(m * (np.log(m) - np.log(p))) + np.mean(m * (np.log(m) - np.log(q)))


@torch.inference_mode()
def forward(checkpoint: Checkpoint, inputs: Inputs, tokens: int) -> None:
    """The usual alternative: one more pass over prompt and answer with `output_hidden_states`."""
    ids = plain(checkpoint, inputs, tokens)
    full = torch.cat([inputs.tensors["input_ids"], ids[None, :-1]], dim=1)
    out = checkpoint.model(input_ids=full, output_hidden_states=True, use_cache=False)
    states = torch.stack([h[0, inputs.prompt_tokens - 1 :] for h in out.hidden_states])
    read_out(make_lens(checkpoint.anatomy, Lens.NORMED), states, ids, TOP_K)


def seconds(run: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def product_rate(size: int = 2048) -> float:
    """The machine's float32 matrix-product rate in GFLOP/s, best of five."""
    a, b = torch.randn(size, size), torch.randn(size, size)
    best = min(seconds(lambda: a @ b) for _ in range(5))
    return 2 * size**3 / best / 1e9


def main() -> None:
    """Print medians, ratios to plain generation and peak memory as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", choices=("bundled", "random32"), default="bundled")
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    checkpoint, inputs = bundled() if options.model == "bundled" else random_decoder()
    ways = {"plain": plain, "ours": ours, "scripts": scripts, "forward": forward}
    # Also the warm-up. Ours is led along these ids, so that no end token cuts its answer short.
    ids = plain(checkpoint, inputs, options.tokens)
    inputs = Inputs(inputs.tensors, tuple(ids.tolist()))
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(options.rounds):  # in turn, so that a noisy neighbour meets all of them
        for name, way in ways.items():
            taken[name].append(
                seconds(lambda way=way: way(checkpoint, inputs, options.tokens))  # type: ignore[misc]
            )
    middle = {name: statistics.median(times) for name, times in taken.items()}
    on_top = {name: middle[name] - middle["plain"] for name in ways if name != "plain"}
    weight = checkpoint.anatomy.unembedding.weight
    flops = 2 * weight.numel() * checkpoint.anatomy.depths * options.tokens
    report = {
        "model": options.model,
        "tokens": options.tokens,
        "median_seconds": middle,
        "ratio_to_plain": {name: middle[name] / middle["plain"] for name in ways},
        "scripts_over_ours_on_top": on_top["scripts"] / max(on_top["ours"], 1e-9),
        "lens_gflops_if_all_on_top": flops / max(on_top["ours"], 1e-9) / 1e9,
        "machine_gflops": product_rate(),
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
