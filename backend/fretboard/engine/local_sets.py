"""Maps of an image set in this process: made once, kept in the set's record; no model needed."""

from contextlib import suppress
from typing import Any

import numpy as np

from fretboard.analysis.image_sets import aligned_members, derived_of_set, states_at
from fretboard.core.arrays import MapKind
from fretboard.core.errors import NotFound
from fretboard.core.image_set import ImageSet
from fretboard.engine.maps import make_map
from fretboard.lens.maps.fit import Watch
from fretboard.lens.maps.settings import MapSettings
from fretboard.store.analyses import AnalysisStore
from fretboard.store.records import Records


class LocalSetMaps:
    """`set_drawing.SetMaps` without a server."""

    def __init__(self, store: AnalysisStore, sets: Records[ImageSet]) -> None:
        self._store, self._sets = store, sets

    def map(
        self, image_set: ImageSet, role: str, kind: MapKind, settings: MapSettings, name: str
    ) -> tuple[np.ndarray, Any]:
        """(array `name`, note) of a map. Raises InputError."""
        wanted = derived_of_set(self._store, image_set, role, kind, settings)
        with suppress(NotFound):
            return self._sets.read_noted(image_set.id, wanted.file, name)
        states = states_at(self._store, aligned_members(self._store, image_set, role))
        self._sets.write_arrays(image_set.id, wanted.file, *make_map(states, wanted, Watch()))
        return self._sets.read_noted(image_set.id, wanted.file, name)
