"""`fretboard trajectory` on the tiny random model: resumable, named failures, numbers on disk."""

import json

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from fretboard.cli.main import app
from fretboard.core.errors import InputError
from fretboard.core.map_settings import MapSettings
from fretboard.core.model_info import served_model
from fretboard.core.question import Question
from fretboard.engine.session import Session
from fretboard.studies.image_set import make_trajectory
from tests.support.random_data import fresh
from tests.support.settings import make_settings

PROMPT = "what is the colour ?"


@pytest.fixture
def settings(checkpoint_folder, tmp_path):
    served_model.cache_clear()
    return make_settings(checkpoint_folder, tmp_path / "unused")


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for index in range(4):
        noise = fresh().integers(0, 255, (20, 20, 3), dtype=np.uint8)
        Image.fromarray(noise).save(folder / f"{index}.png")
    (folder / "broken.png").write_text("no picture")
    return folder


def run(settings, pictures, output, token="2"):
    session = Session.open(settings, output)
    question = Question(prompt=PROMPT, max_new_tokens=5)
    pca = MapSettings(method="pca")
    return make_trajectory(session, (str(pictures),), question, token, pca, output)


def test_a_folder_becomes_a_map_with_its_numbers(settings, pictures, tmp_path):
    output = tmp_path / "out"
    told = "\n".join(run(settings, pictures, output))
    assert "broken.png: These bytes are no image" in told
    assert "PCA" in told
    states = np.load(output / "hidden_states.npy")
    assert states.shape[1] == 4
    assert np.load(output / "points.npy").shape == (states.shape[0] - 1, 4, 2)
    summary = json.loads((output / "trajectory.json").read_text())
    assert [member["status"] for member in summary["set"]["members"]].count("done") == 4
    assert summary["stability"]["mean"] < 1e-9  # PCA has no seed
    assert (output / "trajectory.html").stat().st_size > 1_000_000  # works offline


def test_a_second_run_analyses_nothing_again(settings, pictures, tmp_path, monkeypatch):
    list(run(settings, pictures, tmp_path / "out"))

    def refuse(*_args, **_kwargs):
        raise AssertionError("analysed again")

    monkeypatch.setattr(Session, "run", refuse)
    told = "\n".join(run(settings, pictures, tmp_path / "out", "1"))
    assert "token 1" in told


@pytest.mark.parametrize(
    ("token", "said"),
    [("the middle", "first-difference"), ("words:xyzzy", "0 answers")],
)
def test_what_cannot_be_done_is_said(settings, pictures, tmp_path, token, said):
    with pytest.raises(InputError, match=said):
        list(run(settings, pictures, tmp_path / "out", token))


@pytest.mark.parametrize(
    ("options", "said"),
    [(["--map", "method=guess"], "umap"), (["--map", "seed=1", "--paper"], "exclude")],
)
def test_what_the_command_cannot_do_is_said(pictures, tmp_path, options, said):
    output = tmp_path / "out"
    command = ["trajectory", str(pictures), "--output", str(output), "--prompt", PROMPT]
    done = CliRunner().invoke(app, [*command, *options])
    assert done.exit_code != 0
    assert said in str(done.exception)
    assert not output.exists()
