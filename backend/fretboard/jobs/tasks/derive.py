"""The worker's side of derived arrays: compute, report, keep, answer who waits."""

import logging
from typing import TYPE_CHECKING, Any

from fretboard.core.analysis import problem_of
from fretboard.core.arrays import Derived
from fretboard.core.errors import FretboardError
from fretboard.engine.compute import LocalCompute
from fretboard.jobs.services import Services
from fretboard.jobs.tasks.progress import progress

if TYPE_CHECKING:
    from fretboard.engine.analyze import Pipeline
    from fretboard.lens.maps.fit import Watch

log = logging.getLogger(__name__)


class Deriver:
    """Derived arrays of analyses and of image sets; running one twice gives the same arrays."""

    def __init__(self, services: Services, pipeline: "Pipeline") -> None:
        self._services = services
        self._compute_here = LocalCompute(services.store, services.sets, lambda _analysis: pipeline)

    def derive(self, record_id: str, key: str, reply_topic: str) -> None:
        """Into the cache, what is kept into the record too; then tell who waits."""
        derived = Derived.parse(key)
        records: Any = self._services.sets if derived.role else self._services.store
        try:
            watch = self._watch(record_id, derived, reply_topic)
            arrays, note = self._compute_here.arrays(records.read(record_id), derived, watch)
            if derived.is_kept:
                records.read(record_id)  # deleted while it was computed: it stays deleted
                records.write_arrays(record_id, derived.file, arrays, note)
            for name, array in arrays.items():
                self._services.cache.put(f"{record_id}/{derived.file}/{name}", array)
        except Exception as error:
            if not isinstance(error, FretboardError):
                log.exception("derived arrays %s of %s failed", key, record_id)
            problem = problem_of(error).model_dump()
            self._services.bus.publish(reply_topic, {"type": "failed", **problem})
        else:
            self._services.bus.publish(reply_topic, {"type": "done"})

    def _watch(self, record_id: str, derived: Derived, topic: str) -> "Watch":
        from fretboard.lens.maps.fit import Watch

        cancelled = self._services.jobs.cancelled(f"{record_id}/{derived.file}")
        return Watch(progress(self._services.bus, topic), cancelled)
