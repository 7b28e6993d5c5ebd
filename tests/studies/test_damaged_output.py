"""Commands that continue a folder: damaged records in it are made anew, each kind of damage."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from fretboard.cli.main import main
from tests.support.commands import run_command
from tests.support.damage import ARRAYS, DOCUMENTS, FILES
from tests.support.random_data import fresh

MANY = len(DOCUMENTS)
COMMANDS = {
    "survey": ("analyses", "analysis.json"),
    "trajectory": ("analyses", "analysis.json"),
    "experiment": ("experiments", "experiment.json"),
    "skips": ("analyses", "analysis.json"),
    "repairs": ("analyses", "analysis.json"),
    "compression": ("analyses", "analysis.json"),
}
MORE = {
    "trajectory": ["--token", "0", "--map", "method=pca"],
    "repairs": ["--repair", "deco"],
    "compression": ["--most", "1"],
}
TWICE = ("repairs", "compression")  # each picture is answered in two ways


@pytest.fixture
def run(checkpoint_folder, tmp_path):
    """Any of the commands over a folder of pictures, into `out`."""
    paths = [tmp_path / f"{number}.png" for number in range(MANY)]
    for path in paths:
        noise = fresh().integers(0, 255, (20, 20, 3), "uint8")
        Image.fromarray(noise).save(path)

    def go(command):
        shown = paths[: MANY // 2 + 1] if command in TWICE else paths
        first = ["attribution"] if command == "experiment" else []
        done = run_command(
            command, *first, *shown, "-o", tmp_path / "out", "-p", "what is red",
            "--max-new-tokens", 2, *MORE.get(command, []), FRETBOARD_MODEL=str(checkpoint_folder),
        )  # fmt: skip
        assert done.exit_code == 0, (done.output, done.exception)
        return done.output

    return go


def contents(folder, document):
    """Every document there, without what differs from run to run."""
    read = {path.parent.name: json.loads(path.read_text()) for path in folder.glob(f"*/{document}")}
    return {name: told | {"timings": {}} for name, told in read.items()}


def harm(folder, name, damages):
    """Another damage for each record."""
    for record, damage in zip(sorted(folder.iterdir()), damages.values(), strict=False):
        damage(record / name)


@pytest.mark.parametrize("command", COMMANDS)
def test_damaged_documents_are_made_anew(run, tmp_path, command):
    kind, document = COMMANDS[command]
    run(command)
    folder = tmp_path / "out" / kind
    before = contents(folder, document)
    assert len(before) >= MANY
    harm(folder, document, DOCUMENTS)
    run(command)
    assert contents(folder, document) == before


@pytest.mark.parametrize("command", COMMANDS)
def test_damaged_arrays_are_made_anew(run, tmp_path, command):
    kind, _ = COMMANDS[command]
    told = run(command)
    folder = tmp_path / "out" / kind
    files = {path: path.read_bytes() for path in sorted(folder.glob("*/arrays.safetensors"))}
    harm(folder, "arrays.safetensors", FILES if command == "experiment" else ARRAYS)
    again = run(command)
    assert again.splitlines()[-1] == told.splitlines()[-1]
    assert {path: path.read_bytes() for path in files} == files


@pytest.mark.parametrize("damage", [*DOCUMENTS, "missing"])
def test_a_damaged_folder_is_told_in_a_sentence(run, tmp_path, damage, checkpoint_folder, png):
    (tmp_path / "x.png").write_bytes(png)
    folder = tmp_path / "folder"
    asked = ("analyze", tmp_path / "x.png", "-p", "what", "-o", folder, "--max-new-tokens", 2)
    assert run_command(*asked, FRETBOARD_MODEL=str(checkpoint_folder)).exit_code == 0
    (DOCUMENTS | ARRAYS)[damage](folder / "analysis.json")
    for name in ("fretboard", "competition"):
        told = run_command("figure", folder, name, "-o", tmp_path / "x.json")
        if damage == "of another":  # a folder holds one analysis, whatever its id
            continue
        assert told.exit_code != 0
        assert isinstance(told.exception, SystemExit), told.exception
        assert "analysis.json" in str(told.exception) or "damaged" in str(told.exception)
    written = run_command(*asked, FRETBOARD_MODEL=str(checkpoint_folder))
    if damage == "a file for the folder":
        assert "name another one" in str(written.exception)
        return
    assert written.exit_code == 0, written.exception
    assert run_command("figure", folder, "fretboard", "-o", tmp_path / "x.json").exit_code == 0


@pytest.mark.parametrize("damage", [*FILES, "a list"])
def test_what_other_commands_read_is_told_in_a_sentence(run, tmp_path, damage, checkpoint_folder):
    """A table to compare with, a list of token ids, the picture of a record."""
    folder, table = tmp_path / "folder", tmp_path / "tokens.parquet"
    folder.mkdir()
    (folder / "analysis.json").write_text("{}")
    for path in (table, folder / "image.png"):
        path.write_bytes(b"x" * 100)
        DOCUMENTS[damage](path)
    np.savez(tmp_path / "states.npz", hidden_states=np.zeros((5, 4, 48), "float32"))
    commands = [
        ("survey", tmp_path / "0.png", "-p", "what", "-o", tmp_path / "out", "--from", tmp_path),
        ("import", tmp_path / "states.npz", "--answer-from", 2, "--tokens", table),
        ("export", folder, "-o", tmp_path / "page.html"),
    ]
    for command in commands:
        told = run_command(*command, FRETBOARD_MODEL=str(checkpoint_folder))
        assert told.exit_code == 1
        assert isinstance(told.exception, SystemExit), (command, told.exception)
        assert re.search("cannot be used|damaged", str(told.exception))
    told = run_command("report", folder, "-o", tmp_path / "report.zip", FRETBOARD_MODEL="nowhere")
    assert told.exception is None or isinstance(told.exception, SystemExit)


def test_a_survey_of_an_older_version_is_not_compared_with(run, tmp_path, checkpoint_folder):
    pd.DataFrame({"image": ["a.png"], "token": [0]}).to_parquet(tmp_path / "tokens.parquet")
    told = run_command(
        "survey", tmp_path / "0.png", "-p", "what", "-o", tmp_path / "out", "--from", tmp_path,
        FRETBOARD_MODEL=str(checkpoint_folder),
    )  # fmt: skip
    assert "of an older version" in str(told.exception)


def test_a_place_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setattr("sys.argv", ["fretboard", "openapi", "--schemas", str(tmp_path / "file")])
    with pytest.raises(SystemExit, match=r"file cannot be read or written: .* name another place"):
        main()
