"""Which of the two models that come with Fretboard answers, and what is said of it."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from fretboard.cli.options import drawn_world_settings
from fretboard.cli.serve import tell_of_fallback
from fretboard.core.errors import UnknownModel
from fretboard.core.model_info import served_model
from fretboard.core.own_models import (
    BUNDLED_MODEL,
    LITE_VLM,
    LITE_VLM_COMPLETE,
    default_model,
    lite_vlm_folder,
)
from fretboard.core.settings import Settings, get_settings


@pytest.fixture(autouse=True)
def _no_model_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("FRETBOARD_MODEL", raising=False)
    monkeypatch.chdir(tmp_path)  # no `.env` of a developer's here
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def _assembled() -> None:
    lite_vlm_folder().mkdir(parents=True)
    (lite_vlm_folder() / LITE_VLM_COMPLETE).touch()


def test_the_bundled_model_answers_until_the_other_is_assembled() -> None:
    assert Settings(_env_file=None).model == default_model() == BUNDLED_MODEL
    _assembled()
    assert Settings(_env_file=None).model == default_model() == LITE_VLM


def test_a_half_written_folder_does_not_count() -> None:
    lite_vlm_folder().mkdir(parents=True)
    assert default_model() == BUNDLED_MODEL


def test_another_adapter_has_another_folder(tmp_path: Path) -> None:
    adapter = tmp_path / "adapter.safetensors"
    adapter.write_bytes(b"one")
    first = lite_vlm_folder(adapter)
    adapter.write_bytes(b"another")
    assert lite_vlm_folder(adapter) != first


def test_named_but_not_assembled_says_how() -> None:
    with pytest.raises(UnknownModel, match="run: python -m"):
        served_model(LITE_VLM)


@pytest.mark.parametrize(
    ("named", "said"), [({}, True), ({"model": BUNDLED_MODEL}, False), ({"model": "x/y"}, False)]
)
def test_only_a_fallback_is_told(
    named: dict[str, str], said: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        tell_of_fallback(Settings(_env_file=None, **named))
    assert ("lite_vlm assemble" in caplog.text) == said


def test_the_drawn_scenes_are_for_the_bundled_model() -> None:
    _assembled()
    assert drawn_world_settings(None).model == BUNDLED_MODEL
    assert drawn_world_settings("x/y").model == "x/y"
