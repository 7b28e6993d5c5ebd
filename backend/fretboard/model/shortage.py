"""A device without enough memory: in words that say what to do, and memory given back after it."""

import gc
import re

import torch

from fretboard.core.errors import OutOfMemory

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
