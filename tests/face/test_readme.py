"""The README's example and the claim beside it."""

import re
from pathlib import Path

import pytest
import typer

import fretboard
from fretboard.cli.main import app

README = Path(fretboard.__file__).parents[2] / "README.md"
WITHOUT_MODEL = {"health", "openapi", "clean", "export"}
GROUPS = {"lens", "models"}  # commands below them
COMMANDS = typer.main.get_command(app).commands


def test_the_example_runs(desk, server, analysis):
    section = README.read_text().partition("## From a notebook")[2]
    code = re.search(r"```python\n(.*?)```", section, re.DOTALL)[1]
    here = code.replace("http://127.0.0.1:8000", server.url).replace('"…"', repr(analysis.id))
    exec(here, {})
    assert (desk / "a.html").is_file()
    assert (desk / "out" / "analysis.json").is_file()


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - GROUPS))
def test_each_command_that_runs_a_model_takes_its_name(name):
    names = {parameter.name for parameter in COMMANDS[name].params}
    assert ("model" in names) == (name not in WITHOUT_MODEL)
