"""Hallucination flags as the API gives them: scores from the arrays, on content words alone."""

import pytest

from fretboard.core.words import merge_words
from fretboard.lens.flags import lead_score
from tests.support.api_calls import array, finished, post


@pytest.fixture
def document(client, png):
    made, _ = finished(client, post(client, png, max_new_tokens=12))
    assert made["status"] == "done", made["error"]
    return made


def reread(client, document, **asked):
    return client.get(f"/api/analyses/{document['id']}", params=asked).json()


def content(document):
    words = merge_words([token["text"] for token in document["tokens"]])
    return {at for word in words if word.kind == "content" for at in word.tokens}


@pytest.mark.parametrize("lens", ["normed", "raw"])
def test_content_words_are_scored_from_the_served_arrays(client, document, lens):
    got = reread(client, document, lens=lens, critical_depth=1)
    names = ("probability", "top_ids", "top_probabilities")
    own, ids, tops = (array(client, document, name, lens=lens) for name in names)
    for token in got["tokens"]:
        t, flag = token["index"], token["flag"]
        expected = lead_score(own[:, t], ids[:, t, 0], tops[:, t, 0], 1, token["emergence"])
        if t not in content(document) or expected is None:
            assert flag is None
            continue
        assert flag["score"] == pytest.approx(expected.score)
        if expected.lead is not None:
            assert flag["lead"]["rival_id"] == expected.lead.rival_id
            assert flag["lead"]["overturned_at"] == token["emergence"]


def test_the_threshold_can_be_asked_for(client, document):
    def flagged(threshold):
        tokens = reread(client, document, critical_depth=1, flag_score=threshold)["tokens"]
        return [t["flag"]["flagged"] for t in tokens if t["flag"]]

    scored = [t["flag"]["score"] for t in reread(client, document, critical_depth=1)["tokens"]
              if t["flag"]]  # fmt: skip
    assert flagged(0) == [True] * len(scored)
    assert flagged(0.02) == [score >= 0.02 for score in scored]
    answer = client.get(f"/api/analyses/{document['id']}", params={"flag_score": 2})
    assert answer.status_code == 422
    assert "flag_score" in answer.json()["detail"]


def test_a_record_older_than_the_flags_gets_them_on_reading(client, services, document):
    fresh = [token["flag"] for token in document["tokens"]]
    old = services.store.read(document["id"])
    plain = [token.model_copy(update={"flag": None}) for token in old.tokens]
    stages = old.stages.model_dump()
    del stages["thresholds"]["flag_score"]
    services.store.write(
        old.model_copy(update={"tokens": plain, "stages": type(old.stages)(**stages)})
    )
    assert [token["flag"] for token in reread(client, document)["tokens"]] == fresh
