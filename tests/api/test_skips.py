"""Skipped layers through the API: when, which, and that runs do not see each other's skips."""

import json
import threading
from pathlib import Path

import numpy as np
import pytest

import fretboard
from api_calls import array, finished, post
from fretboard.document import Analysis, SkipWhen, analysis_id
from fretboard.model import generation

EXAMPLES = Path(fretboard.__file__).parent / "examples" / "analyses"


@pytest.mark.parametrize("folder", sorted(EXAMPLES.iterdir()), ids=lambda folder: folder.name)
def test_a_request_that_names_no_skip_when_keeps_the_id_it_had(folder):
    """The shipped examples were made before the field was there."""
    document = json.loads((folder / "analysis.json").read_bytes())
    document["request"].pop("skip_when", None)
    analysis = Analysis.model_validate(document)
    assert analysis_id(analysis.request, analysis.model) == folder.name
    other = analysis.request.model_copy(update={"skip_when": SkipWhen.DECODE})
    assert analysis_id(other, analysis.model) != folder.name


def test_after_the_prompt_alone_the_first_token_is_the_plain_ones(client, png):
    asked = {"max_new_tokens": 5, "continuation": "the cat is red"}
    plain, _ = finished(client, post(client, png, **asked))
    always, _ = finished(client, post(client, png, **asked, skip_layers="1-2"))
    late, _ = finished(client, post(client, png, **asked, skip_layers="1-2", skip_when="decode"))
    assert late["request"]["skip_when"] == "decode"
    assert len({plain["id"], always["id"], late["id"]}) == 3
    states = {d["id"]: array(client, d, "hidden_states") for d in (plain, always, late)}
    np.testing.assert_array_equal(states[late["id"]][:, 0], states[plain["id"]][:, 0])
    assert not np.array_equal(states[always["id"]][:, 0], states[plain["id"]][:, 0])
    for depth in (1, 2):
        np.testing.assert_array_equal(
            states[late["id"]][depth, 1:], states[late["id"]][depth + 1, 1:]
        )


def test_when_is_nothing_without_a_layer(client, png):
    plain = post(client, png, max_new_tokens=3).json()
    assert post(client, png, max_new_tokens=3, skip_when="decode").json()["id"] == plain["id"]


def test_runs_sent_at_once_do_not_see_each_others_skips(client, png, monkeypatch):
    """One generation at a time holds the model; what each gives is what it gives alone."""
    inside, most = [], []
    real = generation.generate

    def watched(*args, **kwargs):
        inside.append(threading.get_ident())
        most.append(len(inside))
        try:
            return real(*args, **kwargs)
        finally:
            inside.pop()

    monkeypatch.setattr("fretboard.pipeline.analysis.generate", watched)
    skips = ["", "0", "1-2", "3", "0,2"]
    asked = {"max_new_tokens": 12, "continuation": "the cat is red"}
    sent = [post(client, png, **asked, skip_layers=skip) for skip in skips]  # none is awaited
    together = [finished(client, response)[0] for response in sent]
    assert most == [1] * len(skips)
    before = [array(client, document, "hidden_states") for document in together]
    for document, skip, states in zip(together, skips, before, strict=True):
        client.delete(f"/api/analyses/{document['id']}")
        alone, _ = finished(client, post(client, png, **asked, skip_layers=skip))
        assert alone["id"] == document["id"]
        np.testing.assert_array_equal(array(client, alone, "hidden_states"), states)
