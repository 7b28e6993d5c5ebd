"""SIGTERM: a worker finishes or gives back, a web process ends its streams; real processes."""

import json
import signal

from tests.support.servers import Command, Server, wait_for
from tests.support.service import LONG, Listener, accepted, document, model_of

LOADING_SECONDS = 180  # two cold imports of torch on two busy cores
UNNOTICED_SECONDS = 15  # a worker that died would be missed by then, no sooner


def ready_workers(web):
    return model_of(web)["workers"]


def messages(told):
    return [data.get("message", "") for kind, data in told.events if kind == "status"]


def test_workers_finish_or_give_back_and_streams_end(
    tmp_path, redis_url, redis_client, checkpoint_folder
):
    shared = {
        "REDIS_URL": redis_url,
        "FRETBOARD_MODEL": str(checkpoint_folder),
        "FRETBOARD_DEVICE": "cpu",
        "FRETBOARD_LOG_JSON": "true",
    }
    store = tmp_path / "data"
    with (
        Server(store, **shared, FRETBOARD_WORKER="outside") as web,
        Command(store, "worker", **shared, FRETBOARD_GRACE_SECONDS="0") as first,
        Command(store, "worker", **shared) as second,
    ):
        wait_for(lambda: ready_workers(web) == 2, first.process, LOADING_SECONDS)
        second.process.send_signal(signal.SIGSTOP)  # so that the other one takes it
        running = accepted(web, max_new_tokens=str(LONG))
        told = Listener(web, running)
        wait_for(lambda: any(kind == "token" for kind, _ in told.events))
        second.process.send_signal(signal.SIGCONT)

        # Without a grace period it is given back, and the other one begins it at once.
        first.process.send_signal(signal.SIGTERM)
        assert first.process.wait(timeout=30) == 0, first.log
        given_back = lambda: "Its worker was stopped" in " ".join(messages(told))  # noqa: E731
        wait_for(given_back, seconds=10)
        begun = lambda: document(web, running)["status"] != "queued"  # noqa: E731
        wait_for(begun, second.process, UNNOTICED_SECONDS - 5)

        # With one, what runs is finished first.
        second.process.send_signal(signal.SIGTERM)
        wait_for(lambda: ready_workers(web) == 0, seconds=10)  # nobody new is sent to it
        assert second.process.wait(timeout=60) == 0, second.log
        assert len(document(web, running)["tokens"]) == LONG
        assert told.end(10)[0] == "done"

        # An open stream ends whole when the web process stops, and the process with it.
        waits = accepted(web, max_new_tokens="2")
        told = Listener(web, waits)
        wait_for(lambda: told.events)
        web.process.send_signal(signal.SIGTERM)
        assert told.end(10)[0] == "status"  # not over
        web.process.wait(timeout=10)

        check_logs(web, second, running)


def check_logs(web, worker, analysis_id):
    """Every line of both is JSON; those of an analysis carry its id."""
    lines = [json.loads(line) for line in worker.log.splitlines()]
    done = next(line for line in lines if line["event"].startswith("done in"))
    assert done["analysis"] == analysis_id
    lines = [json.loads(line) for line in web.log.splitlines()]
    access = [line for line in lines if line["logger"] == "uvicorn.access"]
    posted = next(line for line in access if line["method"] == "POST")
    assert (posted["path"], posted["status"]) == ("/api/analyses", 202)
    assert posted["analysis"] == analysis_id  # known once it was answered
    got = next(line for line in access if line["path"] == f"/api/analyses/{analysis_id}")
    assert got["analysis"] == analysis_id
