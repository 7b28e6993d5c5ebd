"""safetensors with bfloat16 and byte ranges, against the safetensors library itself."""

import ml_dtypes
import numpy as np
import pytest
import torch
from safetensors.torch import load

from fretboard.store.tensors import pack, read_array
from tests.support.random_data import fresh


@pytest.mark.parametrize(
    "dtype", [np.float32, np.float64, np.float16, np.int32, ml_dtypes.bfloat16]
)
def test_round_trip_by_range(dtype):
    arrays = {
        "first": fresh().normal(size=(3, 4, 5)).astype(dtype),
        "second": np.arange(6).reshape(2, 3).astype(dtype)[:, ::-1],
        "empty": np.zeros((0, 3), dtype),
    }
    data = pack(arrays)
    for name, array in arrays.items():
        got = read_array(lambda start, end: data[start:end], name)
        assert got.dtype == array.dtype
        np.testing.assert_array_equal(got, array)


def test_the_library_reads_our_bfloat16():
    values = np.linspace(-3, 3, 12, dtype=np.float32).astype(ml_dtypes.bfloat16)
    got = load(pack({"x": values}))["x"]
    assert got.dtype == torch.bfloat16
    np.testing.assert_array_equal(got.float().numpy(), values.astype(np.float32))
