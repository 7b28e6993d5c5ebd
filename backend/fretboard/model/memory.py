"""How much memory is left for a run, once the weights are in place."""

import resource
import sys
from pathlib import Path

import torch

MEMINFO = Path("/proc/meminfo")


def free_bytes() -> int:
    """Of the GPU with least left where the model is on GPUs, else of this machine; 0: unknown."""
    gpus = range(torch.cuda.device_count())
    used = [index for index in gpus if torch.cuda.memory_allocated(index)]
    if used:
        return min(torch.cuda.mem_get_info(index)[0] for index in used)
    if not MEMINFO.is_file():  # not Linux
        return 0
    lines = dict(line.split(":", 1) for line in MEMINFO.read_text().splitlines())
    return int(lines["MemAvailable"].split()[0]) * 1024


def peak_bytes() -> int:
    """The most that was held at once: on the GPUs where the model is there, else in all."""
    gpus = range(torch.cuda.device_count())
    held = sum(torch.cuda.max_memory_allocated(index) for index in gpus)
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss
    return held or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
