"""`fretboard check`: one row for people or as JSON, and the promise that a checkpoint breaks."""

import json
from contextlib import contextmanager

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from fretboard.cli.main import app
from fretboard.core.settings import get_settings
from fretboard.model import generation
from tests.support.damaged_folders import edit_images
from tests.support.tiny_models import save_llava


@pytest.fixture
def command(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    get_settings.cache_clear()
    yield lambda *words: CliRunner().invoke(app, ["check", *map(str, words)])
    get_settings.cache_clear()


def test_a_sound_checkpoint_passes_with_its_numbers(command, tmp_path, png):
    folder = save_llava(tmp_path / "tiny")
    (tmp_path / "one.png").write_bytes(png)
    result = command(folder, "--json", "--image", tmp_path / "one.png")
    row = json.loads(result.stdout.splitlines()[-1])
    assert result.exit_code == 0
    assert row["passed"] is True
    assert row["problems"] == []
    assert (row["family"], row["layers"], row["image_positions"]) == ("llava", 4, 9)
    assert max(row["lens"], row["cache"], row["batch"]) < 1e-5
    assert min(row["image"], row["skip"]) > 1e-3
    assert row["undone"] is True
    assert row["peak_bytes"] > 10**7
    assert set(row["seconds"]) == {"load", "self_test", "contract"}


def test_a_broken_one_fails_with_the_sentence_below_its_row(command, tmp_path):
    folder = save_llava(tmp_path / "tiny")
    weights = load_file(folder / "model.safetensors")
    weights["language_model.model.layers.1.mlp.down_proj.weight"].fill_(torch.inf)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    result = command(folder)
    assert result.exit_code == 1
    first, second = result.stdout.strip().splitlines()[-2:]
    assert first.startswith("FAILED")
    assert "(llava, " in first
    assert "gave no numbers (NaN or infinite) from plain text, depth 2 on" in second


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"do_center_crop": False}, "does not run on"), ({"image_mean": [0.5]}, "3 elements")],
)
def test_a_picture_that_suits_hides_no_fault_of_the_processor(command, tmp_path, fields, words):
    edit_images(save_llava(tmp_path / "tiny"), **fields)
    Image.effect_noise((56, 56), 80).convert("RGB").save(tmp_path / "square.png")
    result = command(tmp_path / "tiny", "--image", tmp_path / "square.png")
    assert result.exit_code == 1
    assert words in result.stdout
    assert "another prompt" not in result.stdout  # which is no remedy here


def test_a_skip_that_leaves_something_behind_is_found(command, tmp_path, monkeypatch):
    folder = save_llava(tmp_path / "tiny")
    plain = generation.skip_layers

    @contextmanager
    def sticky(anatomy, skipped, when):
        """Hands the model back with a louder last layer."""
        with plain(anatomy, skipped, when):
            yield
        if skipped:
            anatomy.layers[-1].mlp.down_proj.weight.data *= 1.5

    monkeypatch.setattr(generation, "skip_layers", sticky)
    row = json.loads(command(folder, "--json").stdout.splitlines()[-1])
    assert row["undone"] is False
    assert row["problems"] == ["After a skip the plain answer is not what it was."]


def test_no_checkpoint_at_all_is_a_sentence(command, tmp_path):
    result = command(tmp_path / "nowhere")
    assert result.exit_code != 0
    assert "neither a folder nor to be had from the hub" in str(result.exception)
