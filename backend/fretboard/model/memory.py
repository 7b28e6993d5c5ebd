"""A device's memory: what is left and was held, words where it ran out, giving it back."""

import gc
import re
import resource
import sys

import torch

from fretboard.core.errors import OutOfMemory
from fretboard.core.machine import available_bytes

# PyTorch's allocator on the CPU raises a plain RuntimeError with these words.
CPU_WORDS = "DefaultCPUAllocator"
WORDS = (
    "The memory of the model's device ran out{}. Ask for fewer new tokens, a shorter prompt or "
    "a smaller image; or have FRETBOARD_REQUEST_BYTES, FRETBOARD_BATCH or FRETBOARD_DTYPE lowered."
)


def explained(error: Exception) -> Exception:
    """The error, or OutOfMemory in its place where memory ran out."""
    short = isinstance(error, (torch.OutOfMemoryError, MemoryError)) or (
        isinstance(error, RuntimeError) and CPU_WORDS in str(error)
    )
    if not short:
        return error
    size = re.search(r"(?i)tried to allocate [\d.]+ \w+", str(error))
    return OutOfMemory(WORDS.format(f" ({size[0]})" if size else ""))


def give_back() -> None:
    """Return what a failed run left: to be called when its traceback is gone."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


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
