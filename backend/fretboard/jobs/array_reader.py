"""Arrays of an analysis, from wherever they are: cache, record, or computed by a worker."""

import numpy as np

from fretboard.analysis.arrays import RecordSource
from fretboard.core.analysis import Analysis
from fretboard.core.arrays import Derived
from fretboard.core.errors import Unavailable
from fretboard.jobs.compute import Computing
from fretboard.jobs.services import Services


class ArrayReader(RecordSource):
    """The record's arrays through the cache; the rest from a worker."""

    def __init__(self, services: Services, computing: Computing) -> None:
        super().__init__(services.store)
        self._cache = services.cache
        self._computing = computing

    def computed(self, analysis: Analysis, wanted: Derived, name: str) -> np.ndarray:
        """By a worker, into the cache. Raises Unavailable when none answers in time."""
        model = analysis.model
        self._computing.compute(analysis.id, model.name, wanted, model.revision)
        array = self._cache.get(f"{analysis.id}/{wanted.file}/{name}")
        if array is None:
            raise Unavailable("The array was computed, but the cache lost it. Ask again.")
        return array

    def stored(self, analysis: Analysis, file: str, name: str) -> np.ndarray:
        """From the cache, else from the record. Raises NotFound."""
        key = f"{analysis.id}/{file}/{name}"
        array = self._cache.get(key)
        if array is None:
            array = super().stored(analysis, file, name)
            self._cache.put(key, array)
        return array
