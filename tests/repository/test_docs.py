"""Docs follow the code: settings, arrays and commands are all described."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fretboard.core.arrays import ARRAYS
from fretboard.core.settings import Settings

ROOT = Path(__file__).parents[2]
API_DOC = ROOT / "docs" / "api.md"


def variables() -> list[str]:
    """The environment variable of each setting."""
    names = []
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        first = alias if isinstance(alias, str) else alias.choices[0] if alias else None
        names.append(first or f"FRETBOARD_{name.upper()}")
    return names


@pytest.mark.parametrize("variable", variables())
def test_every_setting_is_in_the_example_environment(variable):
    assert re.search(rf"^#? ?{variable}=", (ROOT / ".env.example").read_text(), re.MULTILINE)


def test_the_example_environment_names_no_unknown_setting():
    named = re.findall(r"^#? ?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert set(named) == set(variables())


@pytest.mark.parametrize("name", ARRAYS)
def test_every_array_is_documented(name):
    assert f"`{name}`" in API_DOC.read_text()


def test_every_command_is_in_its_list():
    output = subprocess.run(
        [sys.executable, "-m", "fretboard.cli.main", "--help"], capture_output=True, text=True
    ).stdout
    commands = re.findall(r"^│ (\w+)\s{2,}", output, re.MULTILINE)
    assert "analyze" in commands
    for command in commands:
        assert f"\nfretboard {command} " in (ROOT / "docs" / "commands.md").read_text()


def test_the_readme_stays_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 120


def test_links_in_the_docs_lead_somewhere():
    for page in [ROOT / "README.md", *ROOT.glob("docs/*.md")]:
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def sentences() -> list[str]:
    """Every text of the backend, with … for what is filled in."""
    texts = []
    for path in (ROOT / "backend" / "fretboard").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            parts = node.values if isinstance(node, ast.JoinedStr) else [node]
            shown = [part.value if isinstance(part, ast.Constant) else "…" for part in parts]
            texts.append("".join(map(str, shown)))
    return texts


def test_every_sentence_of_the_error_page_is_one_of_ours():
    known = sentences()
    quoted = re.findall(r"^\| “(.+?)” \|", (ROOT / "docs" / "errors.md").read_text(), re.MULTILINE)
    assert len(quoted) > 30
    assert [text for text in quoted if not any(text in one for one in known)] == []
