"""A service of real processes, and what may happen to it: clients, disks, Redis and workers fail.

One service for all tests of this file; the last of them kills a worker.
"""

import json
import resource
from pathlib import Path

import pytest

from tests.support import http
from tests.support.api_calls import read_events
from tests.support.servers import wait_for
from tests.support.service import LONG, Listener, accepted, ask, document, heard, service, until

CLIENTS = 25
ESTABLISHED, CLOSE_WAIT = "01", "08"  # in /proc/net/tcp


@pytest.fixture(scope="module")
def running(tmp_path_factory, checkpoint_folder):
    """(Redis, web, two workers)."""
    with service(tmp_path_factory.mktemp("service"), checkpoint_folder, workers=2) as all_of_it:
        yield all_of_it


def test_clients_that_vanish_leave_nothing_behind(running):
    _, web, _ = running
    analysis_id = accepted(web, max_new_tokens=str(LONG - 1))
    for _ in range(CLIENTS):  # gone without a word, in the middle of a stream
        url = f"{web.url}/api/analyses/{analysis_id}/events"
        with http.stream("GET", url, timeout=60) as stream:
            next(read_events(stream))
    assert len(until(web, analysis_id, "done")["tokens"]) == LONG - 1
    wait_for(lambda: not connections(web), seconds=30)


def test_a_full_disk_fails_the_job_in_words_and_leaves_no_half_of_it(running):
    _, web, workers = running
    # Room for a document, not for the arrays of an answer.
    with no_file_above(20_000, workers):
        analysis_id = accepted(web, max_new_tokens="120")
        kind, told = Listener(web, analysis_id).end()
        assert kind == "failed"
        assert "The store is full" in told["detail"]
        assert "fretboard clean" in told["detail"]
        record = document(web, analysis_id)
        assert (record["status"], record["error"]["title"]) == ("failed", told["title"])
        assert names(web, analysis_id) == {"analysis.json"}
    with no_file_above(100, [web]):
        refused = ask(web, max_new_tokens="7")
        assert refused.status_code == 507
        assert "The store is full" in refused.json()["detail"]
        record = sorted(path.name for path in (web.folder / "analyses").glob("*/*#*"))
        assert record == []
    assert until(web, accepted(web, max_new_tokens="7"), "done")["answer"]
    again = http.post(f"{web.url}/api/analyses/{analysis_id}/again", timeout=30)
    assert again.status_code == 202
    assert len(until(web, analysis_id, "done")["tokens"]) == 120


def test_redis_is_killed_and_started_again(running):
    redis, web, workers = running
    finished = accepted(web, max_new_tokens="4")
    until(web, finished, "done")
    lengths = [LONG, LONG + 1, 5]  # two run, one waits
    ids = [accepted(web, max_new_tokens=str(length)) for length in lengths]
    listeners = [Listener(web, one) for one in ids]
    heard(listeners[0], 20)

    redis.kill()
    refused = ask(web, max_new_tokens="6")
    assert refused.status_code == 503
    assert refused.headers["content-type"] == "application/problem+json"
    assert "Redis does not answer" in refused.json()["detail"]
    assert int(refused.headers["retry-after"]) > 0
    opened = http.get(f"{web.url}/api/analyses/{finished}/arrays/jsd", timeout=30)
    assert opened.status_code == 200  # a permalink needs no Redis
    wait_for(lambda: any("Redis does not answer" in one.log for one in workers), seconds=30)
    assert all(one.process.poll() is None for one in (web, *workers))

    redis.start()
    for listener, one, length in zip(listeners, ids, lengths, strict=True):
        whole(web, listener, one, length)
    assert until(web, accepted(web, max_new_tokens="8"), "done")["answer"]
    assert "Traceback" not in web.log


def test_redis_loses_everything(running):
    redis, web, _ = running
    lengths = [LONG + row for row in range(2, 6)]  # two run, two wait
    ids = [accepted(web, max_new_tokens=str(length)) for length in lengths]
    listeners = [Listener(web, one) for one in ids]
    heard(listeners[0], 20)
    redis.forget()
    for listener, one, length in zip(listeners, ids, lengths, strict=True):
        assert listener.end()[0] == "done"
        assert len(listener.tokens) == len(set(listener.tokens))
        assert len(until(web, one, "done")["tokens"]) == length
    wait_for(lambda: not owners(redis), seconds=30)  # nothing is held that nobody runs


def test_a_killed_worker(running):
    redis, web, workers = running
    analysis_id = accepted(web, max_new_tokens=str(LONG + 6))
    listener = Listener(web, analysis_id)
    heard(listener, 20)
    (owner,) = owners(redis)
    pid = json.loads(redis.client.get(f"fretboard:worker:{owner}"))["pid"]
    next(one for one in workers if one.process.pid == pid).process.kill()
    whole(web, listener, analysis_id, LONG + 6)


def whole(web, listener, analysis_id, count):
    """The stream went on to the end, each token once, and so is the record."""
    assert listener.end()[0] == "done"
    assert listener.tokens == list(range(count))
    record = document(web, analysis_id)
    assert record["status"] == "done"
    assert [token["index"] for token in record["tokens"]] == list(range(count))


def owners(redis):
    """Workers that hold work, of all fair lists."""
    lists = [redis.client.get(key) for key in redis.client.keys("fretboard:waiting:*")]
    return {one for fair in lists for one in json.loads(fair)["taken"]}


def connections(web):
    """The server's ends that are open, or that it has yet to close."""
    told = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ours = [state for _, local, _, state, *_ in told if int(local.split(":")[1], 16) == web.port]
    return [state for state in ours if state in (ESTABLISHED, CLOSE_WAIT)]


def names(web, analysis_id):
    return {path.name for path in (web.folder / "analyses" / analysis_id).iterdir()}


class no_file_above:  # noqa: N801
    """These processes cannot write a file of more bytes: what a full disk looks like to them."""

    def __init__(self, limit, commands):
        self._limit, self._pids = limit, [command.process.pid for command in commands]

    def __enter__(self):
        self._before = [self._set(pid, self._limit) for pid in self._pids]

    def __exit__(self, *_error):
        for pid, (soft, _) in zip(self._pids, self._before, strict=True):
            self._set(pid, soft)

    def _set(self, pid, soft):
        before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, before[1]))
        return before
