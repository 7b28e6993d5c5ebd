"""Readouts that are no numbers, though the states are: a lens overflowed the model's precision."""

from collections.abc import Mapping

import numpy as np

from fretboard.core.errors import NoNumbers


def check_arrays(arrays: Mapping[str, np.ndarray]) -> None:
    """Axes: depth (or pair of depths) first, then token. Raises NoNumbers at the first cell."""
    for name, array in arrays.items():
        if array.dtype.kind != "f" or np.isfinite(array).all():
            continue
        place = np.argwhere(~np.isfinite(array))[0]
        token = f", token {place[1]}" if array.ndim > 1 else ""
        raise NoNumbers(
            f"Read through this lens, depth {place[0]}{token} gives no numbers ({name} is NaN or "
            "infinite). Read it with lens=normed, or set FRETBOARD_DTYPE to bfloat16 or float32."
        )
