"""`/metrics` and `/readyz`: what workers counted reaches the web process; each fault is named."""

import random
import shutil
import threading
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from fretboard.jobs.counters import TOKENS, WAITS, Counters
from fretboard.jobs.fair_list import BATCH, INTERACTIVE, Work
from fretboard.jobs.heartbeat import Herald, unwell
from fretboard.jobs.services import build_services
from fretboard.server import health
from fretboard.server.app import create_app
from tests.support.api_calls import finished, post
from tests.support.apps import at_work
from tests.support.random_data import fresh
from tests.support.servers import RedisProcess, wait_for
from tests.support.settings import make_settings


def scraped(client):
    """Samples by name and labels, as Prometheus reads them."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def total(samples, name, **labels):
    return sum(
        value for (one, own), value in samples.items() if one == name and labels.items() <= own
    )


@pytest.fixture
def alone(checkpoint_folder, tmp_path):
    """A client whose worker has nothing else to do and to count."""
    with at_work(build_services(make_settings(checkpoint_folder, tmp_path))) as client:
        yield client


def test_an_analysis_is_counted(alone, png):
    client = alone
    before = scraped(client)
    document, _ = finished(client, post(client, png, max_new_tokens="6"))
    for _ in range(2):  # computed and put into the cache, then found there
        client.get(f"/api/analyses/{document['id']}/arrays/jsd?lens=raw")
    failed = post(client, png, skip_layers="0-99")
    assert failed.status_code == 422  # refused before it is work: no failure of a worker
    busy = "fretboard_busy_seconds_total"  # added when the worker is through, after `done`
    wait_for(lambda: total(scraped(client), busy) > total(before, busy))
    after = scraped(client)

    def grown(name, **labels):
        return total(after, name, **labels) - total(before, name, **labels)

    model = document["model"]["name"]
    assert grown("fretboard_tokens_total", model=model) == len(document["tokens"]) == 6
    assert grown("fretboard_finished_total", model=model) == 1
    assert grown("fretboard_failed_total") == 0
    assert grown("fretboard_wait_seconds_count", model=model, lane=INTERACTIVE) == 1
    assert grown("fretboard_wait_seconds_bucket", le="+Inf") == 1
    assert grown("fretboard_cache_reads_total", result="miss") >= 1
    assert grown("fretboard_cache_reads_total", result="hit") >= 1
    assert total(after, "fretboard_workers", state="ready") == 1
    assert total(after, "fretboard_redis_up") == 1
    assert grown("http_requests_total", handler="/api/analyses") == 2


@pytest.fixture
def two_processes(redis_client, redis_url, checkpoint_folder, tmp_path):
    """A worker's services and a web process's, over one Redis."""
    settings = make_settings(checkpoint_folder, tmp_path, REDIS_URL=redis_url, worker="outside")
    return build_services(settings), build_services(settings)


def test_what_workers_say_reaches_the_web_process(two_processes):
    worker, web = two_processes
    name, revision = worker.settings.model, "r" * 32
    herald = Herald(worker.bus, worker.counters.flush, host="here", pid=1)
    herald.say(name=name, revision=revision, state="ready")
    waiting = {lane: random.randint(1, 5) for lane in (INTERACTIVE, BATCH)}
    for lane, count in waiting.items():
        for number in range(count):
            worker.jobs.put(revision, Work(id=f"{lane}{number}", actor="analyse"), lane, "someone")
    worker.jobs.waiting.change(revision, lambda fair: fair.take("t"))
    waits = fresh().exponential(20.0, 50)
    for seconds in waits:
        worker.counters.waited(float(seconds), model=name, lane=BATCH)
    worker.counters.add(TOKENS, 7, model=name)
    worker.counters.flush()
    web.counters.add(TOKENS, 5, model=name)
    with TestClient(create_app(web, lambda: None)) as client:
        samples = scraped(client)
        herald.say(state="stopping")
        assert total(scraped(client), "fretboard_workers", state="stopping") == 1
    herald.stop()

    assert total(samples, "fretboard_tokens_total", model=name) == 12
    depth = total(samples, "fretboard_queue", model=name, revision=revision)
    assert depth == sum(waiting.values()) - 1
    assert total(samples, "fretboard_running", revision=revision) == 1
    assert total(samples, "fretboard_workers", model=name, state="ready") == 1
    assert total(samples, "fretboard_wait_seconds_sum") == pytest.approx(waits.sum())
    for bound in WAITS:
        found = total(samples, "fretboard_wait_seconds_bucket", le=str(bound), lane=BATCH)
        assert found == (waits <= bound).sum()


def test_counts_wait_until_redis_is_back(tmp_path, checkpoint_folder):
    redis = RedisProcess(tmp_path / "redis")
    with redis:
        url, store = redis.url, tmp_path / "s"
        settings = make_settings(checkpoint_folder, store, REDIS_URL=url, worker="outside")
        web = build_services(settings)
    web.counters.add(TOKENS, 3, model="m")
    with TestClient(create_app(web, lambda: None), raise_server_exceptions=False) as client:
        samples = scraped(client)  # with the HTTP figures, without ours
        assert total(samples, "fretboard_redis_up") == 0
        assert total(samples, "fretboard_tokens_total") == 0
        told = client.get("/readyz")
        assert told.status_code == 503
        assert told.headers["content-type"] == "application/problem+json"
        assert told.json()["failed"] == ["redis"]
        assert "REDIS_URL" in told.json()["detail"]
        assert client.get("/healthz").status_code == 200
    with pytest.raises(Exception, match="onnect"):
        web.counters.flush()
    with redis:
        web.counters.flush()
        assert web.counters.read()[TOKENS, (("model", "m"),)] == 3


def test_readyz_names_each_fault(two_processes, monkeypatch):
    monkeypatch.setattr(health, "KEPT_SECONDS", 0.0)
    _, web = two_processes
    folder = Path(web.settings.store_url)
    with TestClient(create_app(web, lambda: None)) as client:
        told = client.get("/readyz").json()
        assert told["failed"] == ["model"]
        assert "fretboard worker" in told["detail"]
        herald = Herald(web.bus, lambda: None, host="here", pid=1)
        herald.say(name=web.settings.model, state="ready", detail="")
        wait_for(lambda: client.get("/readyz").status_code == 200)
        assert client.get("/readyz").json() == {"status": "ready", "model": web.settings.model}
        shutil.rmtree(folder / "health", ignore_errors=True)
        (folder / "health").touch()  # so that no folder can be made there
        told = client.get("/readyz").json()
        monkeypatch.setattr(health, "KEPT_SECONDS", 60.0)  # nobody can have it write at will
        (folder / "health").unlink()
        assert client.get("/readyz").json() == told
        herald.stop()
    assert told["failed"] == ["store"]
    assert "STORE_URL" in told["detail"]


def test_a_host_is_well_when_its_workers_speak_and_none_failed():
    well = {"host": "a", "name": "m", "state": "loading"}
    failed = {"host": "a", "name": "n", "state": "failed", "detail": "no such file"}
    elsewhere = failed | {"host": "b"}
    assert unwell([well, elsewhere], "a") == ""
    assert "n failed: no such file" in unwell([well, failed], "a")
    assert "No worker of c" in unwell([well, failed], "c")


def test_concurrent_counts_are_all_there(redis_client):
    counters = [Counters(redis_client) for _ in range(4)]

    def count(own):
        for number in range(50):
            own.add(TOKENS, model="m")
            if number % 10 == 0:
                own.flush()

    threads = [threading.Thread(target=count, args=[own]) for own in counters for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for own in counters:
        own.flush()
    assert Counters(redis_client).read()[TOKENS, (("model", "m"),)] == 400
