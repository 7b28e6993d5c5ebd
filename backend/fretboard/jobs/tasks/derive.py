"""The worker's side of derived arrays: compute, report, keep, answer who waits."""

from typing import TYPE_CHECKING, Any

from fretboard.core.arrays import Derived
from fretboard.engine.compute import LocalCompute
from fretboard.jobs.services import Services
from fretboard.jobs.tasks.progress import progress

if TYPE_CHECKING:
    from fretboard.engine.analyze import Pipeline
    from fretboard.lens.maps.fit import Watch


class Deriver:
    """Derived arrays of analyses and of image sets; running one twice gives the same arrays."""

    def __init__(self, services: Services, pipeline: "Pipeline") -> None:
        self._services = services
        self._compute_here = LocalCompute(services.store, services.sets, lambda _analysis: pipeline)

    def derive(self, record_id: str, key: str, reply_topic: str) -> None:
        """Into the cache, what is kept into the record too; then tell who waits."""
        derived = Derived.parse(key)
        records: Any = self._services.sets if derived.role else self._services.store
        watch = self._watch(record_id, derived, reply_topic)
        arrays, note = self._compute_here.arrays(records.read(record_id), derived, watch)
        if derived.is_kept:
            records.read(record_id)  # deleted while it was computed: it stays deleted
            records.write_arrays(record_id, derived.file, arrays, note)
        for name, array in arrays.items():
            self._services.cache.put(f"{record_id}/{derived.file}/{name}", array)
        self._services.bus.publish(reply_topic, {"type": "done"})

    def _watch(self, record_id: str, derived: Derived, topic: str) -> "Watch":
        from fretboard.lens.maps.fit import Watch

        cancelled = self._services.jobs.cancelled(f"{record_id}/{derived.file}")
        return Watch(progress(self._services.bus, topic), cancelled)
