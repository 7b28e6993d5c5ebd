"""A report holds what shows the fault, and nothing of the user's own."""

import getpass
import json
import socket
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fretboard.analysis.bug_report import cleaner
from fretboard.cli.main import app, main
from fretboard.core.own_models import BUNDLED_WEIGHTS
from fretboard.core.settings import get_settings

HOME = "/home/ana"


@pytest.fixture(autouse=True)
def somebody(monkeypatch, tmp_path):
    monkeypatch.setattr(Path, "home", lambda: Path(HOME))
    monkeypatch.setattr(getpass, "getuser", lambda: "ana")
    monkeypatch.setattr(socket, "gethostname", lambda: "lab-7")
    monkeypatch.setenv("FRETBOARD_WRITE_TOKENS", "a-token-that-nobody-may-see")
    monkeypatch.setenv("REDIS_URL", "redis://me:hidden-word@lab-7:6379/0")
    monkeypatch.chdir(tmp_path)
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.fixture
def record(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    document = {"request": {"prompt": "What is this?", "model": f"{HOME}/models/mine"}}
    (folder / "analysis.json").write_text(json.dumps(document))
    (folder / "image.png").write_bytes(b"a picture")
    return folder


def packed(*arguments):
    done = CliRunner().invoke(app, ["report", *map(str, arguments)])
    assert done.exit_code == 0, done.output
    with zipfile.ZipFile("fretboard-report.zip") as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_it_has_versions_config_record_and_log_without_the_user(record, tmp_path):
    log = tmp_path / "server.log"
    log.write_text(f"loading {HOME}/models/mine on lab-7 as ana; Bearer s3cr3t.x analysis done\n")
    files = packed(record, "--log", log, "--model", "tiny-llava")
    assert "fretboard " in files["versions.txt"]
    assert json.loads(files["checkpoint/config.json"])["model_type"] == "llava"
    assert json.loads(files["record/analysis.json"])["request"]["model"] == "~/models/mine"
    assert (
        files["log.txt"] == "loading ~/models/mine on HOST as USER; Bearer SECRET analysis done\n"
    )
    everything = "\n".join(files.values())
    for own in (HOME, "lab-7", "hidden-word", "nobody-may-see", "s3cr3t"):
        assert own not in everything


def test_weights_are_named_but_not_packed(record):
    files = packed(record, "--model", "tiny-llava")
    assert not [name for name in files if name.endswith(".safetensors")]
    assert (
        f"{(BUNDLED_WEIGHTS / 'model.safetensors').stat().st_size} model.safetensors"
        in (files["checkpoint/files.txt"])
    )


def test_the_picture_stays_out_on_request(record):
    assert "record/image.png" in packed(record)
    assert "record/image.png" not in packed(record, "--without-image")


def test_a_checkpoint_that_is_not_there_is_told(record):
    files = packed(record, "--model", "/nowhere/at-all")
    assert "/nowhere/at-all" in files["checkpoint/files.txt"]


def test_a_folder_without_an_analysis_is_refused_and_nothing_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["fretboard", "report", str(tmp_path)])
    with pytest.raises(SystemExit, match="holds no analysis"):
        main()
    assert not list(tmp_path.glob("*fretboard-report*"))


def test_a_name_inside_another_word_stays():
    assert cleaner()("ana wrote an analysis in /home/ana") == "USER wrote an analysis in ~"


def test_versions_alone():
    done = CliRunner().invoke(app, ["report", "--versions"])
    assert done.stdout.startswith("fretboard ")
    assert "torch " in done.stdout
