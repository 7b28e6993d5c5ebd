"""A device without enough memory: the run fails in words that say what to do, the worker lives."""

import logging
import weakref

import pytest
import torch

from fretboard.core.errors import OutOfMemory
from fretboard.model import generation
from fretboard.model.memory import explained
from tests.support.api_calls import finished, post

TOO_LONG = "a dog sits on grass ?"


def test_a_run_that_is_too_large_fails_alone_and_its_memory_is_free(client, png, monkeypatch):
    real, held, still_there = generation.generate_together, [], []

    def small_device(checkpoint, answers, *rest):
        still_there.extend(one() is not None for one in held)
        longest = max(answer.length for answer in answers)
        if len(answers) > 1 or longest > 8:
            held.extend(weakref.ref(answer) for answer in answers)
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return real(checkpoint, answers, *rest)

    # pytest keeps what is logged, with the frames of every error in it.
    monkeypatch.setattr(logging.getLogger("fretboard.engine.analyze"), "disabled", True)
    monkeypatch.setattr("fretboard.engine.analyze.generate_together", small_device)
    lengths = [4, 5, 30, 6]
    sent = [post(client, png, prompt=TOO_LONG, max_new_tokens=length) for length in lengths]
    told = [finished(client, one)[0] for one in sent]
    assert [document["status"] for document in told] == ["done", "done", "failed", "done"]
    error = told[2]["error"]
    assert error["title"] == "Not enough memory"
    assert "Tried to allocate 2.00 GiB" in error["detail"]
    assert "fewer new tokens" in error["detail"]
    assert held
    assert not any(still_there)  # nothing holds on to a failed run while the next one decodes

    monkeypatch.setattr("fretboard.engine.analyze.generate_together", real)
    again = client.post(f"/api/analyses/{told[2]['id']}/again")
    assert len(finished(client, again)[0]["tokens"]) == 30


def test_memory_that_runs_out_is_explained():
    with pytest.raises(RuntimeError) as refused:
        torch.empty(2**58, dtype=torch.uint8)
    for error in (
        refused.value,
        torch.OutOfMemoryError("CUDA out of memory. Tried"),
        MemoryError(),
    ):
        told = explained(error)
        assert isinstance(told, OutOfMemory)
        assert "fewer new tokens" in told.detail
    other = RuntimeError("shapes differ")
    assert explained(other) is other
