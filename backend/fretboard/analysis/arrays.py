"""Where the arrays of a record come from: cache, record, or computed; one way for all who read."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from fretboard.analysis.image_sets import derived_of_set
from fretboard.core.analysis import Analysis, Status
from fretboard.core.arrays import ARRAYS, HALF_STATES, Derived, MapKind
from fretboard.core.causal_test import CausalTest
from fretboard.core.errors import NotFinished, NotFound, Unavailable
from fretboard.core.fitted_lens import fitted_in
from fretboard.core.image_set import ImageSet
from fretboard.core.map_settings import MapSettings
from fretboard.core.reading import Divergence, Lens
from fretboard.core.vocabulary import Vocabulary
from fretboard.store.analyses import HIDDEN_STATES, AnalysisStore, file_of
from fretboard.store.cache import ArrayCache
from fretboard.store.fitted_lenses import fit_mark
from fretboard.store.records import D, Records
from fretboard.tiny_llava import LENSES


class Compute(Protocol):
    """Who computes what a record does not hold: this process (`engine`) or a worker (`jobs`)."""

    def derive(self, record: Analysis | ImageSet, derived: Derived) -> None:
        """Put the arrays into the record or the cache."""


class Arrays:
    """Every array of analyses and image sets."""

    def __init__(
        self,
        store: AnalysisStore,
        sets: Records[ImageSet],
        compute: Compute,
        cache: ArrayCache | None = None,
        lenses: Path | None = None,
    ) -> None:
        """lenses: where fitted lenses are kept, beside those that are shipped."""
        self.store = store
        self._lenses = (lenses, LENSES) if lenses else (LENSES,)
        self.sets = sets
        self._compute = compute
        self._cache = cache

    def named(
        self,
        analysis: Analysis,
        name: str,
        lens: Lens | None = None,
        divergence: Divergence = Divergence.JSD,
        sublayers: bool = False,
    ) -> np.ndarray:
        """A catalogue array; the default lens is the analysis's own. Raises NotFound.

        sublayers: with the half depths, so 2L + 1 of them and 2L pairs.
        """
        if name not in ARRAYS:
            raise NotFound(f"There is no array {name!r}; there are {', '.join(ARRAYS)}.")
        require_done(analysis)
        if name != HIDDEN_STATES:
            derived = needed(analysis, name, lens or analysis.request.lens, divergence, sublayers)
            if derived is not None:
                return self.derived(analysis, derived, name)
        key = f"{analysis.id}/{file_of(name)}/{name}"
        return self._cached(key, lambda: self.store.read_sound(analysis, name))

    def distribution(
        self, analysis: Analysis, token: int, lens: Lens | None, sublayers: bool = False
    ) -> np.ndarray:
        """(depth, vocabulary) probabilities of one token (or their differences), float32."""
        require_token(analysis, token)
        own = lens or analysis.request.lens
        derived = Derived("distribution", own, token=token, sublayers=sublayers)
        return self.derived(analysis, derived, "probabilities")

    def patch_places(self, analysis: Analysis) -> tuple[np.ndarray, np.ndarray]:
        """(patch, 4) rectangles as shares of width and height, NaN where a position has no place,

        and (patch,) levels; see `model/grid.py`. Raises InputError where they cannot be placed.
        """
        grid = Derived("patch-grid")
        return self.derived(analysis, grid, "rectangles"), self.derived(analysis, grid, "level")

    def patch_word(self, analysis: Analysis, token_id: int, lens: Lens | None) -> np.ndarray:
        """(depth, patch) probability of a word at every image position.

        Nobody leads a difference: it is read by its base lens.
        """
        base = (lens or analysis.request.lens).base
        return self.derived(analysis, Derived("patch-word", base, token=token_id), "probability")

    def map(
        self, analysis: Analysis, kind: MapKind, settings: MapSettings, name: str
    ) -> tuple[np.ndarray, Any]:
        """(array `name` of a map of the answer's tokens, its note); see `engine/maps.py`."""
        return self._with_note(analysis, Derived(kind, settings=settings.text), name)

    def map_of_set(
        self, image_set: ImageSet, role: str, kind: MapKind, settings: MapSettings, name: str
    ) -> tuple[np.ndarray, Any]:
        """The same of a set's images. Raises InputError where too few answers have the position."""
        derived = derived_of_set(self.store, image_set, role, kind, settings)
        return self._with_note(image_set, derived, name)

    def derived(self, record: Analysis | ImageSet, derived: Derived, name: str) -> np.ndarray:
        """From cache or record where it is kept, else computed."""
        if isinstance(record, Analysis):
            require_done(record)
            derived = replace(derived, fit=self.fit(record, derived.lens))
        for file in dict.fromkeys((derived.file, replace(derived, fit="").file)):
            with suppress(NotFound):  # without its fit's mark: as it was packed elsewhere
                return self._stored(record, file, name)
        if derived.sublayers:
            self.derived(record, HALF_STATES, "half_states")
        self._compute.derive(record, derived)
        try:
            return self._stored(record, derived.file, name)
        except NotFound as error:
            raise Unavailable(
                "The array was computed, but the cache lost it. Ask again."
            ) from error

    def vocabulary(self, analysis: Analysis) -> Vocabulary:
        """The tokenizer of the analysis's model. Raises NotFound until a worker published it."""
        return read_vocabulary(self.store.read_tokenizer, analysis.model.revision)

    def fit(self, analysis: Analysis, lens: Lens) -> str:
        """The mark of the fit that a lens is read by now; "" where there is none, or no need."""
        return fit_mark(self._lenses, analysis.model.revision, fitted_in(lens))

    def _with_note(
        self, record: Analysis | ImageSet, derived: Derived, name: str
    ) -> tuple[np.ndarray, Any]:
        """Of a map: computed only where the record does not hold it whole."""
        if isinstance(record, Analysis):
            require_done(record)
        records: Any = self._records(record)
        with suppress(NotFound):
            return records.read_noted(record.id, derived.file, name)
        self._compute.derive(record, derived)
        return records.read_noted(record.id, derived.file, name)

    def _stored(self, record: Analysis | ImageSet, file: str, name: str) -> np.ndarray:
        """Of a derived file. Raises NotFound."""
        records = self._records(record)
        key = f"{record.id}/{file}/{name}"
        return self._cached(key, lambda: records.read_array(record.id, file, name))

    def _cached(self, key: str, read: Callable[[], np.ndarray]) -> np.ndarray:
        """From the cache, else read and kept there."""
        array = self._cache.get(key) if self._cache is not None else None
        if array is None:
            array = read()
            if self._cache is not None:
                self._cache.put(key, array)
        return array

    def _records(self, record: Analysis | ImageSet) -> Any:
        return self.sets if isinstance(record, ImageSet) else self.store


@lru_cache(maxsize=8)
def read_vocabulary(read_tokenizer: Callable[[str], str], revision: str) -> Vocabulary:
    """A model's tokenizer, read once. Raises NotFound until a worker published it."""
    return Vocabulary(read_tokenizer(revision))


def needed(
    analysis: Analysis, name: str, lens: Lens, divergence: Divergence, sublayers: bool = False
) -> Derived | None:
    """What must be derived for a catalogue array; None: the record's own `arrays` file has it."""
    if name == "jsd" and divergence != Divergence.JSD:
        return Derived("divergence", lens, divergence, sublayers=sublayers)
    if lens != analysis.request.lens.base or sublayers:  # the record holds the base lens's arrays
        return Derived("lens", lens, sublayers=sublayers)
    return None


def require_done(document: Analysis | CausalTest) -> None:
    """Raises NotFinished unless there is a record to read."""
    is_test = isinstance(document, CausalTest)
    noun, place = ("test", "experiments") if is_test else ("analysis", "analyses")
    if document.status is Status.FAILED and document.error:
        raise NotFinished(f"This {noun} failed: {document.error.detail}")
    if document.status is not Status.DONE:
        raise NotFinished(
            f"This {noun} is {document.status}; follow /api/{place}/{document.id}/events "
            "and ask again when it is done."
        )


def read_done(records: Records[D], record_id: str) -> D:
    """The finished document. Raises NotFound, NotFinished."""
    document: Any = records.read(record_id)
    require_done(document)
    finished: D = document
    return finished


def require_token(analysis: Analysis, token: int) -> None:
    """Raises NotFound for a token index that the answer does not have."""
    require_done(analysis)
    if not 0 <= token < len(analysis.tokens):
        raise NotFound(f"The answer has tokens 0 to {len(analysis.tokens) - 1}, not {token}.")


def require_depth(analysis: Analysis, depth: int) -> None:
    """Raises NotFound for a depth that the model does not have."""
    if not 0 <= depth <= analysis.model.layers:
        raise NotFound(f"The model has depths 0 to {analysis.model.layers}, not {depth}.")
