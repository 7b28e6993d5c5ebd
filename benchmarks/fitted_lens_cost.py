"""Reading through a fitted lens against the logit lens, in turn in one process.

    python benchmarks/fitted_lens_cost.py [--rounds 7] [--shape bundled]

Whole readings (probability, rank, entropy, top 10, JSD) of 64 tokens in groups of 16, as a running
answer has them: the bundled model's shape and a random one of width 1024 and 32 000 words. Prints
the ratio of the medians of processor time, which other work on the machine hardly changes; `affine`
has weight and bias (tuned), `linear` weight alone (Jacobian).
"""

import argparse
import json
import statistics
import time

import torch

from fretboard.lens.readout import LogitLens, read_out
from fretboard.lens.translation import Translation

SHAPES = {"bundled": (12, 192, 590), "random32": (32, 1024, 32_000)}  # layers, width, words
TOKENS, GROUP = 64, 16


def lenses(layers: int, width: int, words: int) -> dict[str, LogitLens]:
    """The logit lens, and the same behind a translation."""
    head = torch.randn(words, width) * 0.05
    weight = torch.eye(width) + torch.randn(layers, width, width) * 0.01
    ways = {
        "logit": None,
        "linear": Translation(weight),
        "affine": Translation(weight, torch.zeros(layers, width)),
    }
    return {
        name: LogitLens(
            lambda h: h * torch.rsqrt(h.square().mean(-1, keepdim=True) + 1e-6),
            lambda h: torch.nn.functional.linear(h, head),
            words,
            translate=way,
        )
        for name, way in ways.items()
    }


def main() -> None:
    """Print the ratios as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--shape", choices=SHAPES, help="this one alone")
    options = parser.parse_args()
    chosen = {options.shape: SHAPES[options.shape]} if options.shape else SHAPES
    torch.manual_seed(0)
    report = {}
    for shape, (layers, width, words) in chosen.items():
        states, ids = torch.randn(layers + 1, TOKENS, width), torch.randint(0, words, (TOKENS,))
        taken: dict[str, list[float]] = {}
        ways = lenses(layers, width, words)
        for _ in range(options.rounds + 1):  # the first warms up
            for name, lens in ways.items():
                started = time.process_time()
                for start in range(0, TOKENS, GROUP):
                    part = slice(start, start + GROUP)
                    read_out(lens, states[:, part], ids[part], 10)
                taken.setdefault(name, []).append(time.process_time() - started)
        medians = {name: statistics.median(times[1:]) for name, times in taken.items()}
        report[shape] = {name: round(m / medians["logit"], 2) for name, m in medians.items()}
        report[shape]["logit, ms"] = round(1000 * medians["logit"], 1)
    print(json.dumps(report))


if __name__ == "__main__":
    main()
