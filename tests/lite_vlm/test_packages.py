"""The real packages, 110 MB: runs where FRETBOARD_LITE_VLM_TESTS is set (make lite-vlm-tests)."""

import os
from pathlib import Path

import pytest

from fretboard.lite_vlm import ADAPTER, assembled
from fretboard.lite_vlm.train.evaluation import Answerer

pytestmark = pytest.mark.skipif(
    "FRETBOARD_LITE_VLM_TESTS" not in os.environ, reason="downloads 110 MB: make lite-vlm-tests"
)


@pytest.fixture(scope="module")
def answerer() -> Answerer:
    return Answerer(assembled(None, ADAPTER))


def test_the_language_model_still_answers(answerer: Answerer) -> None:
    assert "Paris" in answerer.answer("What is the capital of France?", None)


def test_the_folder_is_made_once(answerer: Answerer) -> None:
    folder = assembled(None, ADAPTER)
    before = (folder / "model.safetensors").stat().st_mtime_ns
    assert assembled(None, ADAPTER) == folder
    assert (folder / "model.safetensors").stat().st_mtime_ns == before
    assert Path(folder / "config.json").exists()
