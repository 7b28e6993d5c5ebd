"""`fretboard trajectory` on the tiny random model: resumable, named failures, numbers on disk."""

import json

import numpy as np
import pytest
from PIL import Image

from fretboard.core.errors import InputError
from fretboard.core.model_info import served_model
from fretboard.studies.image_set import SetQuestion, make_trajectory
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


def question(pictures, token="2", map_settings=("method=pca",), paper=False):
    return SetQuestion((str(pictures),), PROMPT, token, 5, paper, map_settings)


def test_a_folder_becomes_a_map_with_its_numbers(settings, pictures, tmp_path):
    output = tmp_path / "out"
    told = "\n".join(make_trajectory(settings, question(pictures), output))
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
    list(make_trajectory(settings, question(pictures), tmp_path / "out"))

    def refuse(*_args, **_kwargs):
        raise AssertionError("analysed again")

    monkeypatch.setattr("fretboard.studies.batch.run_prepared", refuse)
    told = "\n".join(make_trajectory(settings, question(pictures, "1"), tmp_path / "out"))
    assert "token 1" in told


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"token": "the middle"}, "first-difference"),
        ({"map_settings": ("method=guess",)}, "umap"),
        ({"map_settings": ("seed=1",), "paper": True}, "exclude"),
        ({"token": "words:xyzzy"}, "0 answers"),
    ],
)
def test_what_cannot_be_done_is_said(settings, pictures, tmp_path, changed, said):
    with pytest.raises(InputError, match=said):
        list(make_trajectory(settings, question(pictures, **changed), tmp_path / "out"))
