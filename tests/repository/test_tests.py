"""The tests themselves: seeded, without a clock in an assert, without members that are private."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
FILES = [path for path in sorted(TESTS.rglob("*.py")) if not path.name.startswith("long_")]
# Of other libraries, which offer no other way.
THEIRS = {"_fields", "_forward_hooks", "_forward_pre_hooks", "_attn_implementation"}
CLOCKS = {"time", "monotonic", "perf_counter"}
WAITING = "support/servers.py"  # has `wait_for`, which all others use
OPEN = {WAITING, "jobs/test_give_back.py"}


def faults(code: str) -> Iterator[str]:
    """What would make a test depend on luck, on a quiet machine, or on how things are named."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Attribute) and is_private(node):
            yield f"line {node.lineno} uses the private member {node.attr}"
        elif isinstance(node, ast.Call) and name_of(node) == "default_rng" and not node.args:
            yield f"line {node.lineno} draws from no seed; use `fresh`"
        elif isinstance(node, ast.Call) and name_of(node) == "sleep":
            yield f"line {node.lineno} waits a while; use `wait_for`"
        elif isinstance(node, ast.Assert) and asks_a_clock(node):
            yield f"line {node.lineno} asserts how long something took"


def is_private(node: ast.Attribute) -> bool:
    own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
    hidden = node.attr.startswith("_") and not node.attr.endswith("_")  # but for protocols
    return hidden and not own and node.attr not in THEIRS


def name_of(call: ast.Call) -> str:
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def asks_a_clock(node: ast.Assert) -> bool:
    calls = (inner for inner in ast.walk(node.test) if isinstance(inner, ast.Call))
    return any(name_of(call) in CLOCKS for call in calls)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(TESTS).as_posix())
def test_it_holds_on_any_machine(path):
    if path.relative_to(TESTS).as_posix() not in OPEN:
        assert list(faults(path.read_text())) == []


@pytest.mark.parametrize(
    "code",
    [
        "rng = np.random.default_rng()",
        "time.sleep(1)",
        "assert time.monotonic() - began < 3",
        "services.store._objects.clear()",
    ],
)
def test_each_fault_is_found(code):
    assert len(list(faults(code))) == 1
    assert not list(faults("self._kept = default_rng([1, 2]); deadline = monotonic() + 3"))
