"""A library that fails in the middle of a run: one sentence for the user, the rest in the log."""

import logging

import pytest

from fretboard.core.errors import RunFailed
from fretboard.core.question import Question
from fretboard.engine.session import Session
from tests.support.settings import make_settings


def test_it_is_a_sentence_and_the_log_has_the_traceback_with_the_id(
    checkpoint_folder, tmp_path, png, monkeypatch, caplog
):
    session = Session.open(make_settings(checkpoint_folder, tmp_path))
    analysis, picture = session.prepare(Question(prompt="the cat", image=png, max_new_tokens=2))
    layer = session.pipeline.checkpoint.anatomy.layers[1]

    def fail(*_args, **_more):
        raise ValueError("Shapes do not match.\nSecond line")

    monkeypatch.setattr(layer, "forward", fail)
    with caplog.at_level(logging.ERROR), pytest.raises(RunFailed) as failed:
        session.run(analysis, picture)
    sentence = failed.value.detail
    assert "Shapes do not match." in sentence
    assert analysis.id in sentence
    assert "\n" not in sentence
    assert f"analysis {analysis.id} failed" in caplog.text
    assert "Traceback" in caplog.text
