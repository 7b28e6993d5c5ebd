"""Extra peak memory of reading an answer out, at LLaVA-1.5-7B's shape by default.

    python benchmarks/analysis_memory.py [--width 4096] [--tokens 16] [--return-freed]

33 depths and 32 064 words with a head of random float32 weights, which do not count as extra. One
process measures one answer, since a peak does not go down again. Prints JSON, in MB (10^6 bytes):
`extra` is the growth of the process's peak while the tokens are read, `stored` the arrays and
hidden states that are kept of them, `bound` what is left: the working memory. glibc's allocator
keeps freed blocks by a rule that adapts as it goes, which scatters the peak by up to 200 MB from
run to run; `--return-freed` has it return them, so that the peak is what is really in use.
"""

import argparse
import ctypes
import json
from pathlib import Path

import torch

from fretboard.engine.stream import StreamingReader
from fretboard.lens.readout import LogitLens
from fretboard.model.generation import Step

DEPTHS, VOCABULARY = 33, 32_064
M_MMAP_THRESHOLD = -3  # of mallopt: blocks from this size on are given back when freed
WARM_UP_WORDS = 500  # a tiny reading first: code and threads that torch loads are not the answer's


def peak() -> float:
    """The process's largest resident size so far, in MB.

    Linux's VmHWM: `ru_maxrss` would begin at the size of the process that started this one.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    high = next(line for line in lines if line.startswith("VmHWM"))
    return int(high.split()[1]) * 1024 / 1e6


def read(lens: LogitLens, width: int, tokens: int) -> float:
    """Take `tokens` random steps as generation would give them; MB of what is kept."""
    reader = StreamingReader(lens, DEPTHS)
    for index in range(tokens):
        states = torch.randn(DEPTHS, width)
        reader.take(Step(index, index, states, torch.empty(0)))
    readout, hidden, _ = reader.finish()
    arrays = readout.arrays().values()
    return (hidden.nbytes + sum(array.nbytes for array in arrays)) / 1e6


def main() -> None:
    """Measure one answer in this process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--width", type=int, default=4096)
    parser.add_argument("--tokens", type=int, default=16)
    parser.add_argument("--return-freed", action="store_true")
    options = parser.parse_args()
    if options.return_freed:
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, 1 << 20)
    norm = torch.nn.RMSNorm(options.width)
    head = torch.nn.Linear(options.width, VOCABULARY, bias=False)
    lens = LogitLens(norm, head, VOCABULARY)
    with torch.inference_mode():
        tiny = torch.nn.Linear(options.width, WARM_UP_WORDS, bias=False)
        read(LogitLens(norm, tiny, WARM_UP_WORDS), options.width, 2)
        before = peak()
        stored = read(lens, options.width, options.tokens)
    extra = peak() - before
    print(
        json.dumps(
            {
                "width": options.width,
                "tokens": options.tokens,
                "weights": round(head.weight.nbytes / 1e6, 1),
                "extra": round(extra, 1),
                "stored": round(stored, 1),
                "bound": round(extra - stored, 1),
            }
        )
    )


if __name__ == "__main__":
    main()
