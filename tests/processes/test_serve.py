"""Real server processes: a quick first page, restarts that lose nothing, Redis behind the cache."""

import contextlib
import urllib.error
import urllib.request

import numpy as np
import pytest
from redis import Redis

from fretboard.store.cache import KEY_SPACE
from tests.support import http
from tests.support.servers import Server, wait_for
from tests.support.service import document

LOADING = "is being loaded"  # in the log
FIELDS = {"prompt": "what is the colour ?", "max_new_tokens": "6"}


@pytest.fixture
def environment(checkpoint_folder):
    return {"FRETBOARD_MODEL": str(checkpoint_folder), "FRETBOARD_DEVICE": "cpu"}


def ask(server, png, **more):
    files = {"image": ("x.png", png)}
    return http.post(f"{server.url}/api/analyses", data=FIELDS | more, files=files, timeout=30)


def wait_done(server, analysis_id):
    wait_for(lambda: document(server, analysis_id)["status"] == "done", server.process)


def test_restart_keeps_every_permalink_and_finishes_what_was_running(tmp_path, environment, png):
    store = tmp_path / "data"
    with Server(store, **environment) as first:
        done = ask(first, png).json()["id"]
        wait_done(first, done)
        before = document(first, done)
        running = ask(first, png, max_new_tokens="400").json()["id"]
        wait_for(lambda: document(first, running)["status"] == "running", first.process)
    # killed in the middle
    with Server(store, **environment) as second:
        assert document(second, done) == before
        assert ask(second, png).status_code == 200
        wait_done(second, running)
        assert document(second, running)["tokens"]


def test_torch_waits_for_the_first_page(tmp_path, environment):
    """Until something has been served, no torch library is mapped into the process."""
    store = tmp_path / "data"
    server = Server(store, fresh=True, **environment)
    with server:
        wait_for(lambda: has_torch(server), server.process)
    assert server.log.index("GET /healthz") < server.log.index(LOADING)


def has_torch(server):
    with open(f"/proc/{server.process.pid}/maps") as maps:
        return "libtorch" in maps.read() and LOADING in server.log


def test_with_redis_arrays_are_cached_and_a_lost_entry_comes_back(
    tmp_path, environment, png, redis_url, redis_client: Redis
):
    with Server(tmp_path / "data", REDIS_URL=redis_url, **environment) as server:
        analysis_id = ask(server, png).json()["id"]
        wait_done(server, analysis_id)
        url = f"{server.url}/api/analyses/{analysis_id}/arrays/probability"
        first = http.get(url, timeout=30).content
        raw = http.get(url + "?lens=raw", timeout=60).content
        cached = redis_client.keys(f"{KEY_SPACE}{analysis_id}/*")
        assert len(cached) >= 2
        redis_client.delete(*cached)
        assert http.get(url, timeout=30).content == first
        assert http.get(url + "?lens=raw", timeout=60).content == raw
        assert np.frombuffer(first, np.uint8).size > 100


def test_a_taken_port_is_told_in_one_line(tmp_path, environment):
    with Server(tmp_path / "data", **environment) as server:
        second = Server(tmp_path / "other", port=server.port, **environment)
        with contextlib.suppress(AssertionError):
            second.__enter__()
        second.process.wait(30)
        assert "cannot be used" in second.log
        assert "Traceback" not in second.log


def test_a_model_that_cannot_be_loaded_is_told_everywhere(tmp_path, checkpoint_folder, png):
    broken = tmp_path / "broken"
    broken.mkdir()
    for name in ("config.json", "tokenizer.json"):
        (broken / name).write_bytes((checkpoint_folder / name).read_bytes())
    with Server(tmp_path / "data", FRETBOARD_MODEL=str(broken)) as server:
        early = ask(server, png)
        if early.status_code == 202:  # the model was still being loaded
            told = early.json()["id"]
            wait_for(lambda: document(server, told)["status"] == "failed", server.process)
        late = ask(server, png, max_new_tokens="7")
        assert late.status_code == 503
        assert "could not be loaded" in late.json()["detail"]
        ready = http.get(f"{server.url}/readyz")
        assert ready.status_code == 503
        assert http.get(f"{server.url}/api/models").json()[0]["state"] == "failed"


@pytest.mark.parametrize("megabytes", [25, 60])
def test_a_body_that_is_too_large_is_answered_not_cut_off(tmp_path, environment, megabytes):
    body = b"x" * (megabytes * 2**20)  # urllib sends all of it before it reads an answer
    with Server(tmp_path / "data", **environment, FRETBOARD_WORKER="outside") as server:
        request = urllib.request.Request(
            f"{server.url}/api/analyses", body, {"content-type": "multipart/form-data; boundary=b"}
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=60)
        assert refused.value.code == 413
        assert "Upload a smaller image" in refused.value.read().decode()
