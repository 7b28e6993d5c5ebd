"""`fretboard serve` and `fretboard worker` apart, through a real Redis: as on several machines."""

import contextlib
import signal

import pytest

from tests.support import http
from tests.support.api_calls import read_events
from tests.support.servers import Command, Server, wait_for
from tests.support.service import accepted, ask, document
from tests.support.tiny_models import save_llava

LONG = 400
LOADING_SECONDS = 180  # two cold imports of torch on two busy cores


@pytest.fixture
def models(checkpoint_folder, tmp_path):
    """Two checkpoints, of 4 and of 3 layers."""
    return [str(checkpoint_folder), str(save_llava(tmp_path / "other", layers=3))]


@pytest.fixture
def no_torch(tmp_path):
    """An environment in which torch cannot be imported."""
    blocked = tmp_path / "blocked" / "torch"
    blocked.mkdir(parents=True)
    (blocked / "__init__.py").write_text("raise ImportError('no torch on this machine')")
    return {"PYTHONPATH": str(blocked.parent), "FRETBOARD_WORKER": "outside"}


@contextlib.contextmanager
def cluster(tmp_path, redis_url, no_torch, models):
    """Two web processes and a worker for each model, over one store."""
    shared = {"REDIS_URL": redis_url, "FRETBOARD_MODEL": models[0], "FRETBOARD_DEVICE": "cpu"}
    shared["FRETBOARD_BATCH"] = "1"  # so that places in line are certain
    store = tmp_path / "data"
    with contextlib.ExitStack() as stack:
        webs = [
            stack.enter_context(Server(store, fresh=True, **shared, **no_torch)) for _ in range(2)
        ]
        workers = [
            stack.enter_context(Command(store, "worker", "--model", name, **shared))
            for name in models
        ]
        served = dict.fromkeys(models, "ready")
        wait_for(lambda: states(webs[0]) == served, workers[1].process, LOADING_SECONDS)
        yield webs, workers


def states(web):
    return {model["name"]: model["state"] for model in http.get(f"{web.url}/api/models").json()}


def follow(web, analysis_id):
    url = f"{web.url}/api/analyses/{analysis_id}/events"
    with http.stream("GET", url, timeout=60) as stream:
        return list(read_events(stream))


def test_web_processes_without_torch_share_workers_of_two_models(
    tmp_path, redis_url, redis_client, no_torch, models
):
    with cluster(tmp_path, redis_url, no_torch, models) as ((web, other), workers):
        # Each job reaches its own model's worker, and any web process tells its story.
        for name, layers in zip(models, (4, 3), strict=True):
            analysis_id = accepted(web, model=name, max_new_tokens="5")
            events = follow(other, analysis_id)
            assert [kind for kind, _ in events].count("token") == 5
            assert events[-1][0] == "done"
            assert document(other, analysis_id)["model"]["layers"] == layers
            raw = f"{other.url}/api/analyses/{analysis_id}/arrays/jsd?lens=raw"
            assert http.get(raw, timeout=60).status_code == 200

        # Cancelling frees the worker within a step: the next one does not wait for 400 tokens.
        first = accepted(web, max_new_tokens=str(LONG))
        second = accepted(web, max_new_tokens=str(LONG - 1))
        last = accepted(web, max_new_tokens="3")
        wait_for(lambda: document(web, first)["status"] == "running")
        place = next(data for kind, data in read_some(other, last) if kind == "status")
        assert (place["status"], place["position"]) == ("queued", 2)
        assert place["expected_seconds"] > 0
        http.post(f"{other.url}/api/analyses/{second}/cancel")
        assert document(web, second)["status"] == "failed"  # its turn had not come: at once
        http.post(f"{other.url}/api/analyses/{first}/cancel")
        assert follow(other, last)[-1][0] == "done"
        assert document(web, first)["error"]["title"] == "Cancelled"

        # A killed worker is gone from the list within seconds; so is its model.
        workers[1].process.send_signal(signal.SIGKILL)
        wait_for(lambda: models[1] not in states(other), seconds=10)
        refused = ask(web, model=models[1])
        assert refused.status_code == 422
        assert "fretboard worker --model" in refused.json()["detail"]
        workers[0].process.send_signal(signal.SIGTERM)  # a stopped one at once
        wait_for(lambda: states(other) == {models[0]: "absent"}, seconds=10)


def read_some(web, analysis_id):
    """The events until the first one, without waiting for the end."""
    url = f"{web.url}/api/analyses/{analysis_id}/events"
    with http.stream("GET", url, timeout=60) as stream:
        yield next(read_events(stream))
