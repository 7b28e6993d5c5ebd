"""Causal tests in the store: experiments/<id>/experiment.json, arrays.safetensors, other.png."""

from collections.abc import Mapping

import numpy as np

from fretboard.core.analysis import Status
from fretboard.core.causal_test import ARRAYS, CausalTest, prefix_of
from fretboard.core.errors import Lost, NotFound
from fretboard.store.objects import open_objects
from fretboard.store.records import Records

OTHER = "other.png"


class CausalTestRecords(Records[CausalTest]):
    """The experiments, found by analysis without reading them all."""

    def write_finished(self, test: CausalTest, arrays: Mapping[str, np.ndarray]) -> None:
        """A whole record, the document last: one that is done has its arrays."""
        self.write_arrays(test.id, ARRAYS, arrays)
        self.write(test)

    def read_results(self, test_id: str) -> dict[str, np.ndarray]:
        """The arrays of a finished test. Raises Lost where they are missing or damaged."""
        try:
            return self.read_arrays(test_id, ARRAYS)
        except Lost:
            raise
        except NotFound as error:
            raise Lost(
                "The results of this causal test are missing from the store. Run the same test "
                "again to have them back, or delete it."
            ) from error

    def lost_parts(self, document: CausalTest) -> list[str]:
        """`arrays`, where a finished test has none that can be read."""
        if document.status is not Status.DONE:
            return []
        try:
            self.read_results(document.id)
        except Lost:
            return [ARRAYS]
        return []

    def write_other(self, test_id: str, png: bytes) -> None:
        """Keep the image that is patched against, as PNG."""
        self._objects.put(self._path(test_id, OTHER), png)

    def read_other(self, test_id: str) -> bytes:
        """PNG bytes. Raises NotFound where a grey image or none was used."""
        return self._objects.get(self._path(test_id, OTHER))

    def ids_of(self, analysis_id: str) -> list[str]:
        """Ids of the experiments on one analysis, those that cannot be read included."""
        first = prefix_of(analysis_id)
        return [test_id for test_id in self.ids() if test_id.startswith(first)]

    def of(self, analysis_id: str) -> list[CausalTest]:
        """The experiments on one analysis."""
        tests = self.readable(self.ids_of(analysis_id))
        return [test for test in tests if test.analysis == analysis_id]


def open_tests(url: str) -> CausalTestRecords:
    """The experiments in a folder (or `STORE_URL`), one subfolder each, written atomically."""
    return CausalTestRecords(
        open_objects(url), "experiments/{id}/", "experiment.json", CausalTest, "causal test"
    )
