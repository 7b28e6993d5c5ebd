"""One name for one thing: no two classes share one, and modules are called by nouns."""

import ast
from collections import defaultdict
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "backend" / "fretboard"
# The field's own terms, and transformers' name for the module beside a model's architecture.
TERMS = {"encoding", "packing", "patching", "processing", "reading", "training"}


def test_no_two_classes_share_a_name():
    places = defaultdict(list)
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(str(path.relative_to(PACKAGE)))
    assert {name: files for name, files in places.items() if len(files) > 1} == {}


def test_no_module_is_called_by_what_it_does():
    names = {path.stem for path in PACKAGE.rglob("*.py") if path.stem.endswith("ing")}
    assert names <= TERMS
