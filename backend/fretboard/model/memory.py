"""How much memory is left for a run, once the weights are in place."""

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
