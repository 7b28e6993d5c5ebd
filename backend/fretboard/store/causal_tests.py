"""Causal tests in the store: experiments/<id>/experiment.json, arrays.safetensors, other.png."""

import logging
from collections.abc import Iterator

from pydantic import ValidationError

from fretboard.core.causal_test import CausalTest, prefix_of
from fretboard.core.errors import NotFound
from fretboard.store.records import Records, open_objects

log = logging.getLogger(__name__)
OTHER = "other.png"


class CausalTestRecords(Records[CausalTest]):
    """The experiments, found by analysis without reading them all."""

    def write_other(self, experiment_id: str, png: bytes) -> None:
        """Keep the image that is patched against, as PNG."""
        self._put(self._path(experiment_id, OTHER), png)

    def read_other(self, experiment_id: str) -> bytes:
        """PNG bytes. Raises NotFound where a grey image or none was used."""
        return self._get(self._path(experiment_id, OTHER))

    def of(self, analysis_id: str) -> list[CausalTest]:
        """The experiments on one analysis."""
        first = prefix_of(analysis_id)
        found = self._readable(one for one in self.ids() if one.startswith(first))
        return [experiment for experiment in found if experiment.analysis == analysis_id]

    def all(self) -> Iterator[CausalTest]:
        """Every record that can be read."""
        return self._readable(self.ids())

    def _readable(self, ids: Iterator[str]) -> Iterator[CausalTest]:
        for experiment_id in ids:
            try:
                yield self.read(experiment_id)
            except (NotFound, ValidationError) as error:
                log.warning("the record of experiment %s cannot be read: %s", experiment_id, error)


def open_tests(url: str) -> CausalTestRecords:
    """The experiments in a folder (or `STORE_URL`), one subfolder each, written atomically."""
    objects = open_objects(url)
    return CausalTestRecords(objects, "experiments/{id}/", "experiment.json", CausalTest)
