"""Arrays of an analysis, from wherever they are: cache, record, or computed by a worker."""

import threading
import time
import uuid
from concurrent.futures import Future

import numpy as np

from fretboard.catalogue import Derived
from fretboard.document import Analysis
from fretboard.errors import FretboardError, InputError, Unavailable
from fretboard.queue.bus import START
from fretboard.services import Services
from fretboard.sources import RecordSource

POLL_SECONDS = 0.02


class ArrayReader(RecordSource):
    """Equal requests for a derived array at the same time share one computation."""

    def __init__(self, services: Services) -> None:
        super().__init__(services.store)
        self._services = services
        self._running: dict[str, Future[None]] = {}
        self._lock = threading.Lock()

    def computed(self, analysis: Analysis, wanted: Derived, name: str) -> np.ndarray:
        """By a worker, into the cache. Raises Unavailable when none answers in time."""
        self._compute_once(analysis, wanted)
        array = self._services.cache.get(f"{analysis.id}/{wanted.file}/{name}")
        if array is None:
            raise Unavailable("The array was computed, but the cache lost it. Ask again.")
        return array

    def stored(self, analysis: Analysis, file: str, name: str) -> np.ndarray:
        """From the cache, else from the record. Raises NotFound."""
        key = f"{analysis.id}/{file}/{name}"
        array = self._services.cache.get(key)
        if array is None:
            array = super().stored(analysis, file, name)
            self._services.cache.put(key, array)
        return array

    def _compute_once(self, analysis: Analysis, wanted: Derived) -> None:
        key = f"{analysis.id}/{wanted.key}"
        with self._lock:
            future = self._running.get(key)
            first = future is None
            if future is None:
                future = self._running[key] = Future()
        if not first:
            future.result()
            return
        try:
            self._compute(analysis, wanted)
            future.set_result(None)
        except FretboardError as error:
            future.set_exception(error)
            raise
        finally:
            with self._lock:
                del self._running[key]

    def _compute(self, analysis: Analysis, wanted: Derived) -> None:
        topic = f"derived:{uuid.uuid4().hex}"
        deadline = time.monotonic() + self._services.settings.derive_timeout_seconds
        self._services.jobs.derive(analysis.id, wanted, topic)
        while time.monotonic() < deadline:
            for _, event in self._services.bus.read(topic, START):
                self._services.bus.clear(topic)
                if event["type"] == "failed":
                    raise _answered(event)
                return
            self._check_worker(analysis)
            time.sleep(POLL_SECONDS)
        raise Unavailable("No worker answered in time. The model may still be loading; ask again.")

    def _check_worker(self, analysis: Analysis) -> None:
        facts = self._services.bus.announced().get(analysis.model.name, {})
        if facts.get("state") == "failed":
            raise Unavailable(f"The model could not be loaded: {facts.get('detail', '')}")


def _answered(event: dict) -> FretboardError:
    """A worker's refusal, as the error it was."""
    kind = InputError if event["title"] == InputError.title else Unavailable
    return kind(event["detail"])
