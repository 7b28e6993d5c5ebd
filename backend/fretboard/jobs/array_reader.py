"""Arrays of an analysis, from wherever they are: cache, record, or computed by a worker."""

from collections.abc import Callable

import numpy as np

from fretboard.analysis.arrays import RecordSource
from fretboard.core.analysis import Analysis
from fretboard.core.arrays import Derived
from fretboard.core.errors import Unavailable
from fretboard.jobs.compute import Computing
from fretboard.jobs.services import Services
from fretboard.store.analyses import file_of


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

    def sound(self, analysis: Analysis, name: str) -> np.ndarray:
        """From the cache, else from the record. Raises Lost."""
        read = super().sound
        return self._cached(f"{analysis.id}/{file_of(name)}/{name}", lambda: read(analysis, name))

    def stored(self, analysis: Analysis, file: str, name: str) -> np.ndarray:
        """From the cache, else from the record. Raises NotFound."""
        read = super().stored
        return self._cached(f"{analysis.id}/{file}/{name}", lambda: read(analysis, file, name))

    def _cached(self, key: str, read: Callable[[], np.ndarray]) -> np.ndarray:
        array = self._cache.get(key)
        if array is None:
            array = read()
            self._cache.put(key, array)
        return array
