"""Working memory of a reading, in processes of their own: 33 depths × 32 064 words."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "analysis_memory.py"
BOUND_MB = 300
# All logits of 96 further tokens would take 406 MB; threads and their stacks scatter by far less.
SCATTER_MB = 40


@pytest.fixture(scope="module")
def measured():
    return {tokens: measure(tokens) for tokens in (32, 128)}


def measure(tokens):
    command = [sys.executable, str(SCRIPT), "--width", "64", "--tokens", str(tokens)]
    command.append("--return-freed")
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    return json.loads(done.stdout)


def test_the_working_memory_is_bounded(measured):
    assert all(figures["extra"] > 0 for figures in measured.values())
    assert max(figures["bound"] for figures in measured.values()) <= BOUND_MB


def test_it_does_not_grow_with_the_answer(measured):
    assert measured[128]["bound"] - measured[32]["bound"] <= SCATTER_MB
    assert measured[128]["stored"] == pytest.approx(4 * measured[32]["stored"], rel=0.1)
