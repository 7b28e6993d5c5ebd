"""Ask a worker for derived arrays: once for equal requests, with progress, until cancelled."""

import threading
import time
import uuid
from concurrent.futures import Future

from pydantic import BaseModel

from fretboard.core.analysis import Analysis
from fretboard.core.arrays import Derived
from fretboard.core.errors import Cancelled, FretboardError, InputError, Lost, NotFound, Unavailable
from fretboard.core.image_set import ImageSet
from fretboard.jobs.bus import START
from fretboard.jobs.services import Services

LOOK_SECONDS = 0.5  # the bus wakes who waits; so often one looks without


class MapProgress(BaseModel):
    """Of a map; `running` false where nothing is being computed."""

    running: bool
    share: float = 0.0
    message: str = ""


class QueueCompute:
    """`analysis.arrays.Compute` through a worker; equal requests share one computation."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._running: dict[str, Future[None]] = {}
        self._progress: dict[str, MapProgress] = {}
        self._lock = threading.Lock()

    def derive(self, record: Analysis | ImageSet, derived: Derived) -> None:
        """Have a worker fill cache or record. Raises Unavailable when none answers in time."""
        key = f"{record.id}/{derived.key}"
        with self._lock:
            future = self._running.get(key)
            first = future is None
            if future is None:
                self._services.jobs.allow(f"{record.id}/{derived.file}")
                future = self._running[key] = Future()
        if not first:
            future.result()
            return
        try:
            self._ask(record, derived)
            future.set_result(None)
        except Exception as error:  # Redis away too: those who wait along must not wait for ever
            future.set_exception(error)
            raise
        finally:
            with self._lock:
                del self._running[key]
                self._progress.pop(key, None)

    def progress(self, record_id: str, derived: Derived) -> MapProgress:
        """How far it is: the share done in [0, 1], and what is being done."""
        key = f"{record_id}/{derived.key}"
        if key not in self._running:
            return MapProgress(running=False)
        waits = MapProgress(running=True, message="waiting for the worker")
        return self._progress.get(key, waits)

    def cancel(self, record_id: str, derived: Derived) -> None:
        """Call it off, for everyone who waits for it."""
        self._services.jobs.cancel(f"{record_id}/{derived.file}")

    def _ask(self, record: Analysis | ImageSet, derived: Derived) -> None:
        topic, last = f"derived:{uuid.uuid4().hex}", START
        patience = self._services.settings.derive_timeout_seconds
        deadline = time.monotonic() + patience
        self._services.jobs.derive(record, derived, topic)
        woken = threading.Event()
        with self._services.bus.follow(topic, woken.set):
            while time.monotonic() < deadline:
                woken.clear()
                for position, event in self._services.bus.read(topic, last):
                    last = position
                    deadline = time.monotonic() + patience
                    if event["type"] != "progress":
                        self._services.bus.clear(topic)
                        return _settle(event)
                    now = MapProgress(running=True, **event)
                    self._progress[f"{record.id}/{derived.key}"] = now
                self._check_worker(record.request.model)
                woken.wait(LOOK_SECONDS)
        raise Unavailable("No worker answered in time. The model may still be loading; ask again.")

    def _check_worker(self, model: str) -> None:
        facts = self._services.bus.announced().get(model, {})
        if facts.get("state") == "failed":
            raise Unavailable(f"The model could not be loaded: {facts.get('detail', '')}")


def _settle(event: dict) -> None:
    """The last event: done, or raises the worker's refusal as the error it was."""
    if event["type"] == "failed":
        kinds: dict[str, type[FretboardError]] = {
            kind.title: kind for kind in (InputError, Cancelled, NotFound, Lost)
        }
        raise kinds.get(event["title"], Unavailable)(event["detail"])
