"""Throughput of N users at once: one decoding batch against one answer after another.

    python benchmarks/batching.py [--model random32|bundled] [--users 8] [--tokens 32] [--rounds 3]

Each user has a prompt of another length; both ways capture and read out every token, as the worker
does. Medians over rounds, both ways in turn within a round, so that a busy machine hits both. The
parts say where the bound lies: prompt and readout are matrix products, as large for a batch as for
its answers apart; only decoding shares its reading of the weights.
"""

import argparse
import json
import statistics
import time
from collections.abc import Sequence
from typing import Any

import torch
from analysis_cost import bundled, decode, random_decoder

from fretboard.model.checkpoint import Checkpoint
from fretboard.model.inputs import Inputs

SHORTER = 4  # tokens between one user's prompt and the next one's


def prompts(inputs: Inputs, users: int) -> list[Inputs]:
    """The prompt for each user, cut to another length."""
    rows = []
    for user in range(users):
        keep = max(8, inputs.prompt_tokens - SHORTER * user)
        tensors = {name: value[:, :keep] for name, value in inputs.tensors.items()}
        rows.append(Inputs(tensors, None))
    return rows


def timed(checkpoint: Checkpoint, rows: Sequence[Inputs], tokens: int, reading: bool) -> float:
    """Seconds for one batch; with `reading`, every token is read out too."""
    started = time.perf_counter()
    readers = decode(checkpoint, rows, tokens, reading)
    if reading:
        for reader in readers:
            reader.finish()
    return time.perf_counter() - started


def measured(checkpoint: Checkpoint, rows: Sequence[Inputs], tokens: int, reading: bool) -> Any:
    """(seconds one after another, seconds together)."""
    apart = sum(timed(checkpoint, [row], tokens, reading) for row in rows)
    return apart, timed(checkpoint, rows, tokens, reading)


def main() -> None:
    """Print the ratios as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", choices=("random32", "bundled"), default="random32")
    parser.add_argument("--users", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    checkpoint, inputs = random_decoder() if options.model == "random32" else bundled()
    rows = prompts(inputs, options.users)
    timed(checkpoint, rows[:1], 2, reading=True)  # warm up
    figures: dict[str, list[float]] = {}
    for _ in range(options.rounds):
        for name, tokens, reading in (
            ("whole", options.tokens, True),
            ("without readout", options.tokens, False),
            ("prompt alone", 1, False),
        ):
            apart, together = measured(checkpoint, rows, tokens, reading)
            figures.setdefault(f"{name}: apart s", []).append(apart)
            figures.setdefault(f"{name}: together s", []).append(together)
            figures.setdefault(f"{name}: throughput ratio", []).append(apart / together)
    medians = {name: round(statistics.median(values), 2) for name, values in figures.items()}
    print(json.dumps({**vars(options), "threads": torch.get_num_threads(), **medians}, indent=1))


if __name__ == "__main__":
    main()
