"""Causal tests through the API: life cycle, numbers, and what is refused."""

import io
import threading

import numpy as np
import pytest
import torch
from PIL import Image

from fretboard.core.analysis import Status
from fretboard.core.causal_test import SPANS, Kind
from fretboard.engine.causal import knockout
from fretboard.engine.causal import run as measuring
from fretboard.engine.causal.forced import log_probabilities, taught
from fretboard.jobs import fair_list as queue_waiting
from fretboard.model.checkpoint import load
from fretboard.model.inputs import build_inputs
from fretboard.model.interventions import skip_layers
from tests.support.api_calls import PROMPT, finished, post
from tests.support.causal_calls import URL, array, ask, followed, noise

PATIENCE = 60  # seconds: two cores may be busy with other tests


@pytest.fixture
def answered(client, png):
    document, _ = finished(client, post(client, png, max_new_tokens=3))
    return document


@pytest.fixture(scope="module")
def checkpoint(checkpoint_folder):
    return load(str(checkpoint_folder), None, "cpu", "float32")


@pytest.mark.parametrize("kind", Kind)
def test_a_test_runs_once_and_leaves_arrays_a_figure_and_a_finding(client, answered, kind):
    response = ask(client, answered, kind)
    assert response.status_code == 202
    told = response.json()
    assert response.headers["location"] == f"{URL}/{told['id']}"
    assert told["url"] == f"/a/{answered['id']}?test={told['id']}"
    document, events = followed(client, response)
    assert document["status"] == "done", document["error"]
    assert events[0][0] == "status"
    assert events[-1] == ("done", {"id": told["id"]})
    assert [token["id"] for token in document["tokens"]] == [t["id"] for t in answered["tokens"]]
    again = ask(client, answered, kind)
    assert (again.status_code, again.json()["id"]) == (200, told["id"])
    for token in (None, 1):
        asked = {} if token is None else {"token": token}
        figure = client.get(f"{URL}/{told['id']}/figure", params=asked | {"theme": "dark"}).json()
        assert figure["layout"]["meta"].get("token") == token
        found = client.get(f"{URL}/{told['id']}/finding", params=asked).json()
        assert found["sentence"].endswith(".")
        assert found["numbers"]
    listed = client.get(f"/api/analyses/{answered['id']}/experiments").json()
    assert [(one["id"], one["kind"], one["status"]) for one in listed] == [
        (told["id"], kind, "done")
    ]


def test_the_answer_is_taught_as_it_is_and_the_numbers_are_the_models(
    client, checkpoint, random_image, png
):
    """An answer given under skipped layers is tested in the whole model, its very tokens."""
    skipped, _ = finished(client, post(client, png, max_new_tokens=4, skip_layers="1-2"))
    document, _ = followed(client, ask(client, skipped, Kind.KNOCKOUT))
    ids = [token["id"] for token in skipped["tokens"]]
    forced = taught(checkpoint, build_inputs(checkpoint, PROMPT, random_image, None), ids)
    plain = log_probabilities(forced)
    np.testing.assert_allclose(array(client, document, "plain"), plain, atol=1e-4)
    effect = array(client, document, "effect")
    for layer in range(len(effect)):
        with skip_layers(checkpoint.anatomy, [layer]):
            expected = log_probabilities(forced) - plain
        np.testing.assert_allclose(effect[layer], expected, atol=1e-4)


def test_patching_takes_another_analysis_or_an_upload(client, answered, checkpoint, random_image):
    image = noise()
    second, _ = finished(client, post(client, image, max_new_tokens=2))
    by_id, _ = followed(client, ask(client, answered, Kind.PATCHING, other=second["id"]))
    fields = {"analysis": answered["id"], "kind": "patching"}
    uploaded = client.post(URL, data=fields, files={"other_image": ("x.png", image)})
    assert (uploaded.status_code, uploaded.json()["id"]) == (200, by_id["id"])
    kept = client.get(f"{URL}/{by_id['id']}/other")
    assert Image.open(io.BytesIO(kept.content)).size == (20, 20)
    base = array(client, by_id, "base")
    ids = [token["id"] for token in answered["tokens"]]
    other = Image.open(io.BytesIO(image)).convert("RGB")
    forced = taught(checkpoint, build_inputs(checkpoint, PROMPT, other, None), ids)
    np.testing.assert_allclose(base, log_probabilities(forced), atol=1e-4)
    everything = array(client, by_id, "log_probability")[:, SPANS.index("all")]
    donor = np.broadcast_to(array(client, by_id, "donor"), everything.shape)
    np.testing.assert_allclose(everything, donor, atol=1e-4)
    turned, _ = followed(
        client, ask(client, answered, Kind.PATCHING, other=second["id"], into_image="true")
    )
    assert turned["id"] != by_id["id"]
    np.testing.assert_allclose(array(client, turned, "donor"), base, atol=1e-4)


class Gate:
    """Holds the knockout at its second run until it is opened; counts the runs."""

    def __init__(self, monkeypatch):
        self.reached, self.opened, self.runs = threading.Event(), threading.Event(), 0
        monkeypatch.setattr(knockout, "log_probabilities", self._held)

    def _held(self, forced):
        self.runs += 1
        if self.runs == 2:
            self.reached.set()
            assert self.opened.wait(PATIENCE)
        return log_probabilities(forced)


def test_cancel_stops_after_the_run_under_way_and_asking_again_runs_it(
    client, answered, monkeypatch
):
    gate = Gate(monkeypatch)
    started = ask(client, answered, Kind.KNOCKOUT)
    assert gate.reached.wait(PATIENCE)
    place = f"{URL}/{started.json()['id']}"
    assert client.get(place).json()["status"] == "running"
    early = client.get(f"{place}/figure")
    assert early.status_code == 409
    assert client.post(f"{place}/cancel").status_code == 202
    gate.opened.set()
    document, events = followed(client, started)
    assert document["status"] == "failed"
    assert document["error"]["title"] == "Cancelled"
    assert events[-1][0] == "failed"
    assert gate.runs == 2
    assert client.get(f"{place}/figure").status_code == 409
    assert client.post(f"{place}/cancel").status_code == 409
    again = ask(client, answered, Kind.KNOCKOUT)
    assert again.status_code == 202
    assert followed(client, again)[0]["status"] == "done"


def test_an_interactive_analysis_goes_before_waiting_tests(client, answered, monkeypatch, services):
    """And a test that waits is called off at once."""
    monkeypatch.setattr(queue_waiting, "BATCH_EVERY", 10**9)  # no turn of the batch lane between
    gate = Gate(monkeypatch)
    running = ask(client, answered, Kind.KNOCKOUT)
    assert gate.reached.wait(PATIENCE)
    waiting = ask(client, answered, Kind.CUT)
    dropped = ask(client, answered, Kind.ATTRIBUTION)
    client.post(f"{URL}/{dropped.json()['id']}/cancel")
    assert client.get(f"{URL}/{dropped.json()['id']}").json()["status"] == "failed"
    order = []
    write = services.store.write
    monkeypatch.setattr(
        services.store, "write", lambda one: (order.append(one.status), write(one))[1]
    )
    write_test = services.tests.write

    def begun(test):
        order.extend([test.kind] if test.status is Status.RUNNING else [])
        write_test(test)

    monkeypatch.setattr(services.tests, "write", begun)
    question = post(client, noise(), max_new_tokens=2)
    gate.opened.set()
    finished(client, question)
    assert followed(client, running)[0]["status"] == "done"
    assert followed(client, waiting)[0]["status"] == "done"
    assert order == [Status.RUNNING, Status.DONE, Kind.CUT]


def test_a_test_cut_short_is_run_again_with_the_same_result(client, answered, services):
    """As after a killed worker: arrays half there, the document says running."""
    first, _ = followed(client, ask(client, answered, Kind.CUT))
    whole = array(client, first, "log_probability")
    records = services.tests
    document = records.read(first["id"])
    records.write_arrays(document.id, "arrays", {"log_probability": np.zeros((1, 1), np.float32)})
    records.write(document.model_copy(update={"status": Status.RUNNING, "tokens": []}))
    assert document.id in [one.id for one in services.unfinished()]
    services.bus.clear(document.id)  # a new process has heard nothing
    services.jobs.start(records.read(document.id), followed=True)
    again, _ = followed(client, ask(client, answered, Kind.CUT))
    assert again == first
    np.testing.assert_array_equal(array(client, again, "log_probability"), whole)


def test_again_brings_lost_results_back(client, answered, services):
    first, _ = followed(client, ask(client, answered, Kind.CUT))
    place = f"{URL}/{first['id']}"
    assert client.post(f"{place}/again").status_code == 200  # no need to
    services.tests.drop_arrays(first["id"], "arrays")
    assert client.get(f"{place}/figure").status_code == 410
    assert followed(client, client.post(f"{place}/again"))[0] == first
    assert client.get(f"{place}/figure").status_code == 200


def test_deleted_tests_stay_deleted(client, answered, monkeypatch):
    gate = Gate(monkeypatch)
    running = ask(client, answered, Kind.KNOCKOUT)
    assert gate.reached.wait(PATIENCE)
    place = f"{URL}/{running.json()['id']}"
    assert client.delete(place).status_code == 204
    gate.opened.set()  # it stops after this run
    done, _ = followed(client, ask(client, answered, Kind.ATTRIBUTION))  # its turn comes after
    assert client.get(place).status_code == 404
    again, _ = followed(client, ask(client, answered, Kind.KNOCKOUT))
    assert again["status"] == "done"
    assert client.delete(f"/api/analyses/{answered['id']}").status_code == 204
    assert client.get(f"{URL}/{done['id']}").status_code == 404


def test_what_cannot_be_tested_is_refused_with_the_reason(client, answered, png):
    text, _ = finished(client, post(client, max_new_tokens=2))
    cases = [
        (text, "cut", {}, "without an image"),
        (text, "patching", {}, "Choose knockout or attribution"),
        ({"id": "0" * 32}, "knockout", {}, "no analysis"),
        (answered, "magic", {}, "'knockout', 'patching', 'attribution', 'cut' or 'saliency'"),
        (answered, "knockout", {"rival": "red"}, "belongs to attribution"),
        (answered, "cut", {"other": text["id"]}, "belong to patching"),
        (answered, "patching", {"other": text["id"]}, "has no image"),
        (answered, "patching", {"other": answered["id"]}, "would not differ"),
        (answered, "attribution", {"rival": "§§§"}, "§§§"),
        (answered, "attribution", {"rival": "red" * 99}, "at most 100 characters"),
    ]
    for analysis, kind, fields, words in cases:
        refused = ask(client, analysis, kind, **fields)
        assert refused.status_code == 422, (kind, fields)
        assert refused.headers["content-type"] == "application/problem+json"
        assert words in refused.json()["detail"]
    fields = {"analysis": answered["id"], "kind": "patching"}
    broken = client.post(URL, data=fields, files={"other_image": ("x.png", png[:40])})
    assert broken.status_code == 422
    done, _ = followed(client, ask(client, text, Kind.ATTRIBUTION))  # text alone can be split
    assert done["status"] == "done"
    place = f"{URL}/{done['id']}"
    assert client.get(f"{place}/figure", params={"token": 9}).status_code == 422
    assert client.get(f"{place}/arrays/nothing").status_code == 404
    assert client.get(f"{place}/other").status_code == 404
    assert client.get(f"{URL}/{'0' * 32}").status_code == 404


def test_an_error_of_the_model_becomes_the_tests_error(client, answered, monkeypatch):
    monkeypatch.setattr(measuring, "knockout", lambda *_: torch.ones(2) @ torch.ones(3))
    document, events = followed(client, ask(client, answered, Kind.KNOCKOUT))
    assert (document["status"], events[-1][0]) == ("failed", "failed")
    assert "look for this id in the log" in document["error"]["detail"]
