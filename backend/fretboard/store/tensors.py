"""numpy arrays ↔ safetensors bytes, bfloat16 included, and reading one array by byte range.

safetensors' numpy reader knows no bfloat16 and reads whole files; the format is simple:
8 bytes little-endian header length, a JSON header with dtype, shape and offsets, then the data.
"""

import json
from collections.abc import Callable, Mapping

import ml_dtypes
import numpy as np
from safetensors.numpy import save

ReadRange = Callable[[int, int], bytes]
_DTYPES = {
    "F64": np.dtype(np.float64),
    "F32": np.dtype(np.float32),
    "F16": np.dtype(np.float16),
    "BF16": np.dtype(ml_dtypes.bfloat16),
    "I64": np.dtype(np.int64),
    "I32": np.dtype(np.int32),
}


def pack(arrays: Mapping[str, np.ndarray], note: str = "") -> bytes:
    """Arrays → one safetensors file; `note` is free text for its metadata."""
    dense = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    return bytes(save(dense, metadata={"note": note}))


def read_header(read: ReadRange) -> tuple[int, dict[str, dict]]:
    """(where the data begins, header by array name); `read(start, end)` gives bytes of the file."""
    length = int.from_bytes(read(0, 8), "little")
    return 8 + length, json.loads(read(8, 8 + length))


def read_array(read: ReadRange, name: str) -> np.ndarray:
    """One array, without reading the others. Raises KeyError when the file has none so named."""
    start, header = read_header(read)
    entry = header[name]
    first, last = entry["data_offsets"]
    data = read(start + first, start + last) if last > first else b""
    return np.frombuffer(data, _DTYPES[entry["dtype"]]).reshape(entry["shape"])
