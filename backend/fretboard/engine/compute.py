"""Derived arrays in this process: maps from the states alone, the rest by the loaded model."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from fretboard.analysis.image_sets import aligned_members, states_at
from fretboard.core.analysis import Analysis
from fretboard.core.arrays import HALF_STATES, Derived
from fretboard.core.image_set import ImageSet
from fretboard.store.analyses import HIDDEN_STATES, AnalysisStore
from fretboard.store.cache import ArrayCache
from fretboard.store.records import Records

if TYPE_CHECKING:
    from fretboard.engine.analyze import Pipeline
    from fretboard.engine.patches import PatchReader
    from fretboard.lens.maps.fit import Watch

DerivedArrays = tuple[dict[str, np.ndarray], str]
"""Arrays by name, and a note on how they were made."""


class LocalCompute:
    """`analysis.arrays.Compute` without a worker. pipeline: the model, called when needed."""

    def __init__(
        self,
        store: AnalysisStore,
        sets: Records[ImageSet],
        pipeline: "Callable[[Analysis], Pipeline]",
        cache: ArrayCache | None = None,
    ) -> None:
        """cache: takes the distributions of single tokens, which a record then does not keep."""
        self._store, self._sets, self._pipeline = store, sets, pipeline
        self._cache = cache

    def derive(self, record: Analysis | ImageSet, derived: Derived) -> None:
        """Once, into the record."""
        if self._cache is not None and derived.kind == "distribution":
            for name, array in self.arrays(record, derived)[0].items():
                self._cache.put(f"{record.id}/{derived.file}/{name}", array)
            return
        records: Any = self._sets if isinstance(record, ImageSet) else self._store
        records.write_arrays(record.id, derived.file, *self.arrays(record, derived))

    def arrays(
        self, record: Analysis | ImageSet, derived: Derived, watch: "Watch | None" = None
    ) -> DerivedArrays:
        """Computed afresh. Raises InputError, or Cancelled by way of `watch`."""
        if isinstance(record, ImageSet):
            members = aligned_members(self._store, record, derived.role)
            return _map(states_at(self._store, members), derived, watch)
        if derived == HALF_STATES:
            from fretboard.engine.half_states import half_states

            return {"half_states": half_states(self._pipeline(record), record)}, ""
        if derived.runs_model:
            return self._patches(record).derive(record, derived), ""
        hidden = self._store.read_sound(record, HIDDEN_STATES)
        if derived.is_map:
            return _map(hidden, derived, watch)
        from fretboard.engine.derive import derive
        from fretboard.engine.half_states import between

        if derived.sublayers:
            halves = self._store.read_array(record.id, HALF_STATES.file, "half_states")
            hidden = between(hidden, halves, derived.lens)
        return derive(self._pipeline(record).lens, record, hidden, derived), ""

    def _patches(self, analysis: Analysis) -> "PatchReader":
        from fretboard.engine.patches import PatchReader

        pipeline = self._pipeline(analysis)
        if self._reader is None:
            self._reader = PatchReader(pipeline)
        return self._reader

    _reader: "PatchReader | None" = None


def _map(hidden: np.ndarray, derived: Derived, watch: "Watch | None") -> DerivedArrays:
    from fretboard.engine.maps import make_map
    from fretboard.lens.maps.fit import Watch

    return make_map(hidden, derived, watch or Watch())
