"""What was computed as numpy's float32, and readouts that are no numbers though the states are."""

from collections.abc import Mapping

import numpy as np
from torch import Tensor

from fretboard.core.errors import NoNumbers


def to_float32(tensors: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    """By the same names, on the CPU."""
    return {name: values.detach().float().cpu().numpy() for name, values in tensors.items()}


def check_arrays(arrays: Mapping[str, np.ndarray]) -> None:
    """Axes: depth (or pair of depths) first, then token. Raises NoNumbers at the first cell,

    where a lens overflowed the model's precision.
    """
    for name, array in arrays.items():
        if array.dtype.kind != "f" or np.isfinite(array).all():
            continue
        place = np.argwhere(~np.isfinite(array))[0]
        token = f", token {place[1]}" if array.ndim > 1 else ""
        raise NoNumbers(
            f"Read through this lens, depth {place[0]}{token} gives no numbers ({name} is NaN or "
            "infinite). Read it with lens=normed, or set FRETBOARD_DTYPE to bfloat16 or float32."
        )
