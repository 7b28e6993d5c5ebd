"""numpy arrays ↔ safetensors bytes, bfloat16 included, and reading one array by byte range.

safetensors' own numpy reader knows no bfloat16 and reads whole files; the format is simple:
8 bytes little-endian header length, a JSON header with dtype, shape and offsets, then the data.
"""

import json
from collections.abc import Callable, Mapping

import ml_dtypes
import numpy as np
from safetensors import serialize

ReadRange = Callable[[int, int], bytes]
_DTYPES = {
    "F64": np.dtype(np.float64),
    "F32": np.dtype(np.float32),
    "F16": np.dtype(np.float16),
    "BF16": np.dtype(ml_dtypes.bfloat16),
    "I64": np.dtype(np.int64),
    "I32": np.dtype(np.int32),
}
_NAMES = {
    np.dtype(np.float64): "float64",
    np.dtype(np.float32): "float32",
    np.dtype(np.float16): "float16",
    np.dtype(ml_dtypes.bfloat16): "bfloat16",
    np.dtype(np.int64): "int64",
    np.dtype(np.int32): "int32",
}
METADATA = "__metadata__"


def pack(arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str] | None = None) -> bytes:
    """Arrays → one safetensors file. Raises KeyError on a dtype the catalogue does not use."""
    entries = {
        name: {
            "dtype": _NAMES[array.dtype],
            "shape": array.shape,
            "data": np.ascontiguousarray(array).tobytes(),
        }
        for name, array in arrays.items()
    }
    return bytes(serialize(entries, metadata=dict(metadata or {})))


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
