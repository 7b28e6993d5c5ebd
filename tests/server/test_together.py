"""Analyses that wait are decoded in one batch; each user gets what a lone run gives."""

import threading

import numpy as np
import pytest

from fretboard.model import generation
from tests.support.api_calls import array, finished, post
from tests.support.images import encode


@pytest.fixture
def sizes(monkeypatch):
    """How many answers each decoding held; the first waits until `release` is set."""
    found, real, release = [], generation.generate_together, threading.Event()

    def watched(checkpoint, answers, *rest):
        found.append(len(answers))
        if len(found) == 1:
            assert release.wait(30)
        return real(checkpoint, answers, *rest)

    monkeypatch.setattr("fretboard.engine.analyze.generate_together", watched)
    found_release = (found, release)
    yield found_release
    release.set()


def test_waiting_analyses_share_a_batch_and_equal_lone_runs(client, png, random_image, sizes):
    held, release = sizes
    first = post(client, png, prompt="hold on", max_new_tokens=2)
    other = encode(random_image.rotate(90, expand=True), "PNG")
    asked = [
        {"prompt": "what is red ?", "max_new_tokens": 5},
        {"prompt": "what", "max_new_tokens": 9},
        {"prompt": "a dog sits on grass ?", "max_new_tokens": 3},
        {"prompt": "what is blue ?", "continuation": "the cat is red"},
    ]
    alone = {"prompt": "what is red ?", "max_new_tokens": 5, "skip_layers": "1"}
    pictures = [png, other, png, other]
    sent = [post(client, image, **fields) for image, fields in zip(pictures, asked, strict=True)]
    apart = post(client, png, **alone)
    release.set()
    together = [finished(client, one)[0] for one in sent]
    finished(client, first)
    finished(client, apart)
    assert sorted(held) == [1, 1, len(asked)]
    names = ("hidden_states", "probability", "jsd", "top_probabilities")
    before = [{name: array(client, one, name) for name in names} for one in together]
    for document, arrays, image, fields in zip(together, before, pictures, asked, strict=True):
        client.delete(f"/api/analyses/{document['id']}")
        again, _ = finished(client, post(client, image, **fields))
        assert [t["id"] for t in again["tokens"]] == [t["id"] for t in document["tokens"]]
        assert again["finish_reason"] == document["finish_reason"]
        for name, values in arrays.items():
            np.testing.assert_allclose(array(client, again, name), values, atol=2e-5)


def test_what_spoils_a_batch_spoils_no_other(client, png, sizes, monkeypatch):
    held, release = sizes
    first = post(client, png, prompt="hold on again", max_new_tokens=2)
    sent = [post(client, png, prompt=f"what is {w} ?", max_new_tokens=4) for w in ("on", "the")]
    gone = post(client, png, prompt="what is of ?", max_new_tokens=4)
    client.post(f"/api/analyses/{gone.json()['id']}/cancel")
    real = generation.side_by_side

    def too_large(checkpoint, batch):
        if len(batch) > 1:
            raise RuntimeError("out of memory")
        return real(checkpoint, batch)

    monkeypatch.setattr(generation, "side_by_side", too_large)
    release.set()
    for one in sent:
        document, _ = finished(client, one)
        assert document["status"] == "done"
        assert len(document["tokens"]) == 4
    finished(client, first)
    assert client.get(f"/api/analyses/{gone.json()['id']}").json()["status"] == "failed"
    assert held[1:] == [2, 1, 1]
