"""Commands that continue a folder: damaged records in it are made anew, each kind of damage."""

import json

import pytest
from PIL import Image

from tests.support.commands import run_command
from tests.support.damage import ARRAYS, DOCUMENTS, FILES
from tests.support.random_data import fresh

MANY = len(DOCUMENTS)
COMMANDS = {
    "survey": ("analyses", "analysis.json"),
    "trajectory": ("analyses", "analysis.json"),
    "experiment": ("experiments", "experiment.json"),
}


@pytest.fixture
def run(checkpoint_folder, tmp_path):
    """Any of the commands over a folder of pictures, into `out`."""
    paths = [tmp_path / f"{number}.png" for number in range(MANY)]
    for path in paths:
        noise = fresh().integers(0, 255, (20, 20, 3), "uint8")
        Image.fromarray(noise).save(path)

    def go(command):
        first = ["attribution"] if command == "experiment" else []
        more = ["--token", "0", "--map", "method=pca"] if command == "trajectory" else []
        done = run_command(
            command, *first, *paths, "-o", tmp_path / "out", "-p", "what is red",
            "--max-new-tokens", 2, *more, FRETBOARD_MODEL=str(checkpoint_folder),
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
    assert len(before) == MANY
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
