"""A web process and workers over a Redis, and what a test asks of them."""

import contextlib
import threading

import httpx

from tests.support import http
from tests.support.api_calls import read_events
from tests.support.servers import Command, RedisProcess, Server, wait_for

QUESTION = "what is the colour ?"
LONG = 300  # tokens: some seconds of decoding, so that there is a middle
SECONDS = 240


@contextlib.contextmanager
def service(tmp_path, model, workers=1, **settings):
    """(Redis, web, workers), the model ready; each analysis runs alone."""
    with contextlib.ExitStack() as stack:
        redis = stack.enter_context(RedisProcess(tmp_path / "redis"))
        shared = {"REDIS_URL": redis.url, "FRETBOARD_MODEL": str(model), "OMP_NUM_THREADS": "1"}
        shared |= {"FRETBOARD_DEVICE": "cpu", "FRETBOARD_BATCH": "1"} | settings
        web = stack.enter_context(Server(tmp_path / "data", **shared, FRETBOARD_WORKER="outside"))
        running = [
            stack.enter_context(Command(tmp_path / "data", "worker", **shared))
            for _ in range(workers)
        ]
        ready = lambda: model_of(web).get("workers") == workers  # noqa: E731
        wait_for(ready, running[0].process, SECONDS)
        yield redis, web, running


def model_of(web):
    return http.get(f"{web.url}/api/models", timeout=SECONDS).json()[0]


def ask(web, **fields):
    """POST a question; the answer."""
    data = {"prompt": QUESTION} | fields
    return http.post(f"{web.url}/api/analyses", data=data, timeout=SECONDS)


def accepted(web, **fields):
    """The id of a question that was taken."""
    answer = ask(web, **fields)
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


def document(web, analysis_id):
    return http.get(f"{web.url}/api/analyses/{analysis_id}", timeout=SECONDS).json()


def until(web, analysis_id, *states, seconds=SECONDS):
    """The document as soon as its status is one of these."""
    wait_for(lambda: document(web, analysis_id)["status"] in states, web.process, seconds)
    return document(web, analysis_id)


class Listener(threading.Thread):
    """One connection that is never opened again: what an event stream told, to its end.

    `fault` is what broke it off.
    """

    def __init__(self, web, analysis_id):
        super().__init__(daemon=True)
        self.events, self.fault = [], None
        self._url = f"{web.url}/api/analyses/{analysis_id}/events"
        self.start()

    def run(self):
        try:
            with http.stream("GET", self._url, timeout=SECONDS) as stream:
                for event in read_events(stream):
                    self.events.append(event)
        except httpx.HTTPError as error:
            self.fault = error

    @property
    def ended(self):
        return not self.is_alive()

    @property
    def tokens(self):
        return [data["index"] for kind, data in self.events if kind == "token"]

    def end(self, seconds=SECONDS):
        """The last event, once the stream has ended."""
        self.join(seconds)
        assert not self.is_alive(), "the stream did not end"
        assert self.fault is None
        return self.events[-1]


def heard(listener, count):
    """Wait for so many tokens."""
    wait_for(lambda: len(listener.tokens) >= count, seconds=SECONDS)
