"""The benchmarks still fit the code that they measure."""

import runpy
from pathlib import Path

import pytest

BENCHMARKS = sorted((Path(__file__).parents[2] / "benchmarks").glob("*.py"))


@pytest.mark.parametrize("path", BENCHMARKS, ids=lambda path: path.stem)
def test_it_can_be_loaded(path, monkeypatch):
    monkeypatch.syspath_prepend(path.parent)  # as `python benchmarks/…` has it: some share code
    assert callable(runpy.run_path(str(path), run_name="loaded")["main"])
