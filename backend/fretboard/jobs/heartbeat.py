"""What workers say of themselves, put together by model; and the thread that keeps saying it."""

import logging
import threading
import uuid
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError

if TYPE_CHECKING:
    from fretboard.jobs.bus import Bus

Event = dict[str, Any]
BEAT_SECONDS = 1.5
LIFE_SECONDS = 6  # a worker that says nothing for so long is gone; above a hitch of a busy process
STATES = ("ready", "loading", "failed")  # what a model is, is what its best worker is
log = logging.getLogger(__name__)


def by_model(workers: Collection[Event]) -> dict[str, Event]:
    """Facts of single workers → by model name: its best worker's, how many are ready, `workers`,

    and the `revisions` that they serve.
    """
    models: dict[str, Event] = {}
    for state in STATES:
        for facts in workers:
            if facts["state"] == state:
                best = models.setdefault(facts["name"], {**facts, "workers": 0, "revisions": []})
                best["workers"] += state == "ready"
                if state != "failed" and facts.get("revision") not in best["revisions"]:
                    best["revisions"].append(facts.get("revision"))
    return models


def unwell(workers: Collection[Event], host: str) -> str:
    """Why the workers of a machine or container are not well; "" when they are."""
    here = [facts for facts in workers if facts.get("host") == host]
    failed = [facts for facts in here if facts["state"] == "failed"]
    if not here:
        return f"No worker of {host} has spoken for {LIFE_SECONDS} s: start one, or see its logs."
    return " ".join(f"{facts['name']} failed: {facts['detail']}" for facts in failed)


class Herald:
    """Says again and again what this worker serves, until it stops; `beat` is called each time.

    `facts` are said of it always, such as where it runs.
    """

    def __init__(self, bus: "Bus", beat: Callable[[], None], **facts: Any) -> None:
        self.worker = uuid.uuid4().hex
        self._bus = bus
        self._beat = beat
        self._facts: Event = facts
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="herald", daemon=True)

    def say(self, **facts: Any) -> None:
        """Announce these facts, added to what was said before, from now on."""
        self._facts = {**self._facts, **facts}
        self._announce()
        if not self._thread.is_alive():
            self._thread.start()

    def _announce(self) -> None:
        try:
            self._bus.announce(self.worker, self._facts)
            self._beat()
        except (RedisError, OSError) as error:  # it is said again as soon as Redis is back
            log.warning("the worker cannot announce itself: %s", error)

    def stop(self) -> None:
        """Withdraw the announcement."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()
        self._bus.withdraw(self.worker)

    def _run(self) -> None:
        while not self._stopped.wait(BEAT_SECONDS):
            self._announce()
