"""Arrays of an analysis, from wherever they are: cache, record, or computed by a worker."""

import threading
import time
import uuid
from concurrent.futures import Future
from contextlib import suppress

import numpy as np

from fretboard.catalogue import ARRAYS, Derived
from fretboard.document import Analysis, Divergence, Lens, Status
from fretboard.errors import FretboardError, InputError, NotFinished, NotFound, Unavailable
from fretboard.queue.bus import START
from fretboard.services import Services
from fretboard.store.durable import ARRAYS as ARRAYS_FILE
from fretboard.store.durable import HIDDEN_STATES

POLL_SECONDS = 0.02


class ArrayReader:
    """Equal requests for a derived array at the same time share one computation."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._running: dict[str, Future[None]] = {}
        self._lock = threading.Lock()

    def named(
        self,
        analysis: Analysis,
        name: str,
        lens: Lens | None = None,
        divergence: Divergence = Divergence.JSD,
    ) -> np.ndarray:
        """A catalogue array; the default lens is the analysis's own. Raises NotFound."""
        if name not in ARRAYS:
            raise NotFound(f"There is no array {name!r}; there are {', '.join(ARRAYS)}.")
        require_done(analysis)
        lens = lens or analysis.request.lens
        if name == HIDDEN_STATES:
            return self._stored(analysis, HIDDEN_STATES, name)
        if name == "jsd" and divergence != Divergence.JSD:
            return self.derived(analysis, Derived("divergence", lens, divergence), name)
        if lens != analysis.request.lens.base:  # the record holds the base lens's arrays
            return self.derived(analysis, Derived("lens", lens), name)
        return self._stored(analysis, ARRAYS_FILE, name)

    def distribution(self, analysis: Analysis, token: int, lens: Lens | None) -> np.ndarray:
        """(depth, vocabulary) probabilities of one token (or their differences), float32."""
        require_token(analysis, token)
        wanted = Derived("distribution", lens or analysis.request.lens, token=token)
        return self.derived(analysis, wanted, "probabilities")

    def trajectory(self, analysis: Analysis, method: str) -> tuple[np.ndarray, str]:
        """(points (depth 1…L, token, 2), how they were made and how good the map is)."""
        wanted = Derived("trajectory", method=method)
        points = self.derived(analysis, wanted, "points")
        return points, self._services.store.read_note(analysis.id, wanted.file)

    def derived(self, analysis: Analysis, wanted: Derived, name: str) -> np.ndarray:
        """From the cache, the record, or a worker. Raises Unavailable when none answers in time."""
        require_done(analysis)
        with suppress(NotFound):
            return self._stored(analysis, wanted.file, name)
        self._compute_once(analysis, wanted)
        array = self._services.cache.get(f"{analysis.id}/{wanted.file}/{name}")
        if array is None:
            raise Unavailable("The array was computed, but the cache lost it. Ask again.")
        return array

    def _stored(self, analysis: Analysis, file: str, name: str) -> np.ndarray:
        key = f"{analysis.id}/{file}/{name}"
        array = self._services.cache.get(key)
        if array is None:
            array = self._services.store.read_array(analysis.id, file, name)
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


def require_done(analysis: Analysis) -> None:
    """Raises NotFinished unless there is a record to read."""
    if analysis.status == Status.FAILED and analysis.error:
        raise NotFinished(f"This analysis failed: {analysis.error.detail}")
    if analysis.status != Status.DONE:
        raise NotFinished(
            f"This analysis is {analysis.status}; follow /api/analyses/{analysis.id}/events "
            "and ask again when it is done."
        )


def require_token(analysis: Analysis, token: int) -> None:
    """Raises NotFound for a token index that the answer does not have."""
    require_done(analysis)
    if not 0 <= token < len(analysis.tokens):
        raise NotFound(f"The answer has tokens 0 to {len(analysis.tokens) - 1}, not {token}.")


def require_depth(analysis: Analysis, depth: int) -> None:
    """Raises NotFound for a depth that the model does not have."""
    if not 0 <= depth <= analysis.model.layers:
        raise NotFound(f"The model has depths 0 to {analysis.model.layers}, not {depth}.")
