"""The worker's side of derived arrays: compute, report, keep, answer who waits."""

import logging
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from fretboard.core.analysis import problem_of
from fretboard.core.arrays import Derived
from fretboard.core.errors import FretboardError
from fretboard.engine.compute import LocalCompute
from fretboard.jobs.services import Services

if TYPE_CHECKING:
    from fretboard.engine.analyze import Pipeline
    from fretboard.lens.maps.fit import Watch

log = logging.getLogger(__name__)
REPORT_SECONDS = 0.3  # between two progress events: more would only fill the bus


class Deriver:
    """Derived arrays of analyses and of image sets; running one twice gives the same arrays."""

    def __init__(self, services: Services, pipeline: "Pipeline") -> None:
        self._services = services
        self._compute_here = LocalCompute(services.store, services.sets, lambda _analysis: pipeline)

    def derive(self, record_id: str, key: str, reply_topic: str) -> None:
        """Into the cache, maps into the record too; then tell who waits."""
        wanted = Derived.parse(key)
        try:
            arrays, note = self._compute(record_id, wanted, reply_topic)
            if wanted.is_map:
                records = self._services.sets if wanted.role else self._services.store
                records.read(record_id)  # deleted while it was computed: it stays deleted
                records.write_arrays(record_id, wanted.file, arrays, note)
            for name, array in arrays.items():
                self._services.cache.put(f"{record_id}/{wanted.file}/{name}", array)
        except Exception as error:
            if not isinstance(error, FretboardError):
                log.exception("derived arrays %s of %s failed", key, record_id)
            problem = problem_of(error).model_dump()
            self._services.bus.publish(reply_topic, {"type": "failed", **problem})
        else:
            self._services.bus.publish(reply_topic, {"type": "done"})

    def _compute(
        self, record_id: str, wanted: Derived, topic: str
    ) -> tuple[dict[str, np.ndarray], str]:
        watch = self._watch(record_id, wanted, topic)
        records: Any = self._services.sets if wanted.role else self._services.store
        return self._compute_here.arrays(records.read(record_id), wanted, watch)

    def _watch(self, record_id: str, wanted: Derived, topic: str) -> "Watch":
        from fretboard.lens.maps.fit import Watch

        last = 0.0

        def progress(share: float, message: str) -> None:
            nonlocal last
            if time.monotonic() - last < REPORT_SECONDS:
                return
            last = time.monotonic()
            told = {"type": "progress", "share": share, "message": message}
            self._services.bus.publish(topic, told)

        cancelled = self._services.jobs.cancelled(f"{record_id}/{wanted.file}")
        return Watch(progress, cancelled)
