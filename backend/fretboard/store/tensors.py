"""numpy arrays ↔ safetensors bytes, bfloat16 included, and reading one array by byte range.

safetensors' numpy reader knows no bfloat16 and reads whole files; the format is simple:
8 bytes little-endian header length, a JSON header with dtype, shape and offsets, then the data.
"""

from collections.abc import Callable, Mapping
from typing import Literal

import ml_dtypes
import numpy as np
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt
from safetensors.numpy import save

LONGEST_HEADER = 2**24  # bytes; ours hold a dozen names and a note
ReadRange = Callable[[int, int], bytes]
_DTYPES = {
    "F64": np.dtype(np.float64),
    "F32": np.dtype(np.float32),
    "F16": np.dtype(np.float16),
    "BF16": np.dtype(ml_dtypes.bfloat16),
    "I64": np.dtype(np.int64),
    "I32": np.dtype(np.int32),
    "U8": np.dtype(np.uint8),
}


def pack(arrays: Mapping[str, np.ndarray], note: str = "") -> bytes:
    """Arrays → one safetensors file; `note` is free text for its metadata."""
    dense = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    return bytes(save(dense, metadata={"note": note}))


class _Entry(BaseModel):
    """An array in the header; offsets count from where the data begins."""

    dtype: Literal[*_DTYPES]  # type: ignore[valid-type]
    shape: list[NonNegativeInt]
    data_offsets: tuple[NonNegativeInt, NonNegativeInt]


class _Header(BaseModel):
    """Of a file: arrays by name, and free text."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, _Entry]

    metadata: dict[str, str] = Field({}, alias="__metadata__")


def _read_header(read: ReadRange) -> tuple[int, _Header]:
    """(where the data begins, header); `read(start, end)` gives bytes of the file."""
    length = int.from_bytes(read(0, 8), "little")
    if not 0 < length <= LONGEST_HEADER:
        raise ValueError(f"a header of {length} bytes")
    return 8 + length, _Header.model_validate_json(read(8, 8 + length))


def unpack(data: bytes) -> dict[str, np.ndarray]:
    """All arrays of a file. Raises ValueError for a damaged one."""

    def read(start: int, end: int) -> bytes:
        return data[start:end]

    names = _read_header(read)[1].__pydantic_extra__
    return {name: read_array(read, name) for name in names}


def read_note(read: ReadRange) -> str:
    """The note given to `pack`. Raises ValueError for a damaged file."""
    return _read_header(read)[1].metadata.get("note", "")


def read_array(read: ReadRange, name: str) -> np.ndarray:
    """One array, without reading the others.

    Raises KeyError when the file has none so named, ValueError when it is damaged.
    """
    start, header = _read_header(read)
    entry = header.__pydantic_extra__[name]
    first, last = entry.data_offsets
    data = read(start + first, start + last) if last > first else b""
    return np.frombuffer(data, _DTYPES[entry.dtype]).reshape(entry.shape)
