"""Arrays of an analysis, stored or derived: one choice for the server and the command line."""

from abc import ABC, abstractmethod
from contextlib import suppress
from typing import Any

import numpy as np

from fretboard.core.analysis import Analysis, Status
from fretboard.core.arrays import ARRAYS, Derived, MapKind
from fretboard.core.errors import NotFinished, NotFound
from fretboard.core.question import Divergence, Lens
from fretboard.lens.maps.settings import MapSettings
from fretboard.store.analyses import HIDDEN_STATES, AnalysisStore


class RecordSource(ABC):
    """What the record holds is read from it; the rest is `computed`, as the subclass can."""

    def __init__(self, store: AnalysisStore) -> None:
        self._store = store

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
        if name != HIDDEN_STATES:
            wanted = needed(analysis, name, lens or analysis.request.lens, divergence)
            if wanted is not None:
                return self.derived(analysis, wanted, name)
        return self.sound(analysis, name)

    def distribution(self, analysis: Analysis, token: int, lens: Lens | None) -> np.ndarray:
        """(depth, vocabulary) probabilities of one token (or their differences), float32."""
        require_token(analysis, token)
        wanted = Derived("distribution", lens or analysis.request.lens, token=token)
        return self.derived(analysis, wanted, "probabilities")

    def map(
        self, analysis: Analysis, kind: MapKind, settings: MapSettings, name: str
    ) -> tuple[np.ndarray, Any]:
        """(array `name` of a map of the answer's tokens, its note); see `pipeline/maps.py`."""
        require_done(analysis)
        wanted = Derived(kind, settings=settings.text)
        with suppress(NotFound):
            return self._store.read_noted(analysis.id, wanted.file, name)
        self.computed(analysis, wanted, name)
        return self._store.read_noted(analysis.id, wanted.file, name)

    def derived(self, analysis: Analysis, wanted: Derived, name: str) -> np.ndarray:
        """From the record where it is kept, else computed."""
        require_done(analysis)
        with suppress(NotFound):
            return self.stored(analysis, wanted.file, name)
        return self.computed(analysis, wanted, name)

    def sound(self, analysis: Analysis, name: str) -> np.ndarray:
        """An array that every finished analysis has. Raises Lost."""
        return self._store.read_sound(analysis, name)

    def stored(self, analysis: Analysis, file: str, name: str) -> np.ndarray:
        """One array of a derived file. Raises NotFound."""
        return self._store.read_array(analysis.id, file, name)

    @abstractmethod
    def computed(self, analysis: Analysis, wanted: Derived, name: str) -> np.ndarray:
        """An array that the record does not hold, from its hidden states."""


def needed(analysis: Analysis, name: str, lens: Lens, divergence: Divergence) -> Derived | None:
    """What must be derived for a catalogue array; None: the record's own `arrays` file has it."""
    if name == "jsd" and divergence != Divergence.JSD:
        return Derived("divergence", lens, divergence)
    if lens != analysis.request.lens.base:  # the record holds the base lens's arrays
        return Derived("lens", lens)
    return None


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
