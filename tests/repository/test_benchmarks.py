"""The benchmarks still fit the code that they measure."""

import json
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BENCHMARKS = sorted((ROOT / "benchmarks").glob("*.py"))
RESULTS = ROOT / "benchmarks" / "results"


@pytest.mark.parametrize("path", BENCHMARKS, ids=lambda path: path.stem)
def test_it_can_be_loaded(path, monkeypatch):
    monkeypatch.syspath_prepend(path.parent)  # as `python benchmarks/…` has it: some share code
    assert callable(runpy.run_path(str(path), run_name="loaded")["main"])


def test_the_tables_are_those_of_the_result_files():
    tables = runpy.run_path(str(ROOT / "scripts" / "documentation" / "benchmark_tables.py"))
    page = "".join(path.read_text() for path in tables["PAGES"])
    assert tables["filled"](page) == page
    assert {path.stem for path in RESULTS.glob("*.json")} == set(tables["TABLES"])
    assert all(f"<!-- table: {name} -->" in page for name in tables["TABLES"])


@pytest.mark.parametrize("path", sorted(RESULTS.glob("*.json")), ids=lambda path: path.stem)
def test_a_result_file_says_how_it_came_about(path):
    result = json.loads(path.read_text())
    assert result["runs"]
    assert f"benchmarks/{path.stem}.py" in result["command"]
    assert result["machine"]
