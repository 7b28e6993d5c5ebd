"""Arrays as downloads: numpy's `.npy`."""

import io

import numpy as np
from fastapi import Response

from fretboard.core.arrays import portable

NPY = "application/octet-stream"


def npy(values: np.ndarray, name: str) -> Response:
    """A `.npy` file; bfloat16, which plain numpy cannot read, goes out as float32."""
    buffer = io.BytesIO()
    np.save(buffer, portable(values), allow_pickle=False)
    attached = {"Content-Disposition": f'attachment; filename="{name}.npy"'}
    return Response(buffer.getvalue(), media_type=NPY, headers=attached)
