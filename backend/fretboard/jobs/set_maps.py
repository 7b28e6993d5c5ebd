"""Maps of an image set, from its record or computed by a worker."""

from contextlib import suppress
from typing import Any

import numpy as np

from fretboard.analysis.image_sets import derived_of_set
from fretboard.core.arrays import MapKind
from fretboard.core.errors import NotFound
from fretboard.core.image_set import ImageSet
from fretboard.jobs.compute import Computing
from fretboard.jobs.services import Services
from fretboard.lens.maps.settings import MapSettings


class SetMapReader:
    """`set_drawing.SetMaps` of a web process."""

    def __init__(self, services: Services, computing: Computing) -> None:
        self._services = services
        self._computing = computing

    def map(
        self, image_set: ImageSet, role: str, kind: MapKind, settings: MapSettings, name: str
    ) -> tuple[np.ndarray, Any]:
        """(array `name`, note). Raises InputError where too few answers have the position."""
        wanted = derived_of_set(self._services.store, image_set, role, kind, settings)
        with suppress(NotFound):
            return self._services.sets.read_noted(image_set.id, wanted.file, name)
        self._computing.compute(image_set.id, image_set.request.model, wanted)
        return self._services.sets.read_noted(image_set.id, wanted.file, name)
