"""How much memory is left for a run, once the weights are in place."""

import resource
import sys

import torch

from fretboard.core.machine import available_bytes


def free_bytes() -> int:
    """Of the GPU with least left where the model is on GPUs, else of this machine; 0: unknown."""
    gpus = range(torch.cuda.device_count())
    used = [index for index in gpus if torch.cuda.memory_allocated(index)]
    if used:
        return min(torch.cuda.mem_get_info(index)[0] for index in used)
    return available_bytes()


def peak_bytes() -> int:
    """The most that was held at once: on the GPUs where the model is there, else in all."""
    gpus = range(torch.cuda.device_count())
    held = sum(torch.cuda.max_memory_allocated(index) for index in gpus)
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss
    return held or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
