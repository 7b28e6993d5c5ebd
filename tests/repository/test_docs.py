"""Docs follow the code: settings, arrays and commands are all described."""

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


def test_every_command_is_in_the_readme():
    output = subprocess.run(
        [sys.executable, "-m", "fretboard.cli.main", "--help"], capture_output=True, text=True
    ).stdout
    commands = re.findall(r"^│ (\w+)\s{2,}", output, re.MULTILINE)
    assert "analyze" in commands
    for command in commands:
        assert f"fretboard {command}" in (ROOT / "README.md").read_text()


def test_links_in_the_docs_lead_somewhere():
    for page in [ROOT / "README.md", *ROOT.glob("docs/*.md")]:
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
