"""The lens's arithmetic rate against the machine's matrix-product rate, for each divergence.

    python benchmarks/lens_rate.py [--rounds 5]

Matrix products of a whole reading (33 depths, 64 tokens, random head of 32 000 words × width 1024)
over the time of the reading; all ways in turn in each round, best of the rounds. `products` are the
same matrix products alone, without softmax, ranks or divergence.
"""

import argparse
import json
import time
from collections.abc import Callable

import torch

from fretboard.lens.readout import LogitLens, divergences, read_out

WORDS, WIDTH, DEPTHS, TOKENS, GROUP = 32_000, 1024, 33, 64, 16
SQUARE = 2048


def seconds(run: Callable[[], object]) -> float:
    """Wall time of one call."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def main() -> None:
    """Print GFLOP/s and shares of the square product's rate as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    torch.manual_seed(0)
    head = torch.randn(WORDS, WIDTH) * 0.05
    states, ids = torch.randn(DEPTHS, TOKENS, WIDTH), torch.randint(0, WORDS, (TOKENS,))
    lens = LogitLens(
        lambda h: h * torch.rsqrt(h.square().mean(-1, keepdim=True) + 1e-6),
        lambda h: torch.nn.functional.linear(h, head),
        WORDS,
    )
    groups = [slice(start, start + GROUP) for start in range(0, TOKENS, GROUP)]

    def reading(divergence: str) -> Callable[[], object]:
        if divergence == "jsd":
            return lambda: [read_out(lens, states[:, g], ids[g], 10) for g in groups]
        return lambda: [divergences(lens, states[:, g], divergence) for g in groups]

    square = torch.randn(SQUARE, SQUARE)
    ways: dict[str, Callable[[], object]] = {
        "square": lambda: square @ square,
        "products": lambda: [lens.unembed(states[:, g]) for g in groups],
        **{name: reading(name) for name in ("jsd", "symmetric-kl", "paper-code")},
    }
    with torch.inference_mode():
        taken = {name: [] for name in ways}  # type: dict[str, list[float]]
        for _ in range(rounds):
            for name, way in ways.items():
                taken[name].append(seconds(way))
    flops = dict.fromkeys(ways, 2.0 * WORDS * WIDTH * DEPTHS * TOKENS)
    flops["square"] = 2.0 * SQUARE**3
    rate = {name: flops[name] / min(times) / 1e9 for name, times in taken.items()}
    share = {name: round(value / rate["square"], 3) for name, value in rate.items()}
    print(json.dumps({"gflops": {k: round(v) for k, v in rate.items()}, "share": share}))


if __name__ == "__main__":
    main()
