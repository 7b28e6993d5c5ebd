"""An analysis in a folder, without a server: arrays derived in this process, figures, stages."""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import plotly.graph_objects as go
from pydantic import TypeAdapter, ValidationError

from fretboard.analysis.arrays import RecordSource, needed
from fretboard.analysis.figures import Drawing, Wanted, staged_as
from fretboard.core.analysis import Analysis
from fretboard.core.arrays import Derived, Reading
from fretboard.core.errors import InputError
from fretboard.core.model_info import served_model
from fretboard.core.question import StageMethod
from fretboard.core.settings import Settings
from fretboard.core.vocabulary import Vocabulary
from fretboard.engine.load import load_pipeline
from fretboard.lens.maps.settings import MapSettings
from fretboard.lens.thresholds import Thresholds
from fretboard.store.analyses import ANY_ID, HIDDEN_STATES, AnalysisStore, open_folder

if TYPE_CHECKING:
    from fretboard.engine import Pipeline

T = TypeVar("T")
READING = "reading.json"  # what `figure` takes where it is told nothing


@dataclass(frozen=True)
class Asking:
    """How an analysis is read and staged."""

    reading: Reading
    stages: StageMethod = StageMethod.AUTOMATIC
    thresholds: Thresholds = field(default_factory=Thresholds)


class LocalSource(RecordSource):
    """What the record lacks is derived here, once, and kept in the record."""

    def __init__(self, store: AnalysisStore, load: "Callable[[], Pipeline]") -> None:
        super().__init__(store)
        self._load = load

    @cached_property
    def pipeline(self) -> "Pipeline":
        """The model, loaded when it is first needed."""
        return self._load()

    def computed(self, analysis: Analysis, wanted: Derived, name: str) -> np.ndarray:
        """An array from the hidden states, written next to the others."""
        if wanted.is_map:  # needs no model, which may take minutes to load
            from fretboard.engine.maps import make_map
            from fretboard.lens.maps.fit import Watch

            hidden = self.named(analysis, HIDDEN_STATES)
            arrays, note = make_map(hidden, wanted, Watch())
        else:
            arrays, note = self.pipeline.derive(analysis, wanted)
        self._store.write_arrays(analysis.id, wanted.file, arrays, note)
        return arrays[name]

    @cached_property
    def vocabulary(self) -> Callable[[Analysis], Vocabulary]:
        """The tokenizer of an analysis's model, read once a revision."""
        read = lru_cache(lambda revision: Vocabulary(self._store.read_tokenizer(revision)))
        return lambda analysis: read(analysis.model.revision)


def settle(
    source: LocalSource, store: AnalysisStore, analysis: Analysis, asked: Asking
) -> Analysis:
    """The analysis with the stages asked, written; the arrays of its reading are in the record."""
    reading = asked.reading
    for name in ("probability", "jsd"):
        if needed(analysis, name, reading.lens, reading.divergence):
            source.named(analysis, name, reading.lens, reading.divergence)
    told = staged_as(
        source, source.vocabulary, analysis, reading.lens, asked.stages, asked.thresholds
    )
    store.write(told)
    return told


def write_reading(folder: Path, reading: Reading) -> None:
    """Keep how the analysis was asked to be read."""
    (folder / READING).write_text(json.dumps(asdict(reading), indent=1) + "\n")


def draw(
    settings: Settings,
    folder: Path,
    name: str,
    chosen: dict[str, Any],
    stages: tuple[StageMethod, Thresholds] | None,
    **wanted: Any,
) -> tuple[go.Figure, Wanted]:
    """A figure of the analysis in `folder`.

    chosen: the fields of Reading that replace the folder's own; wanted: further fields of Wanted.
    stages: None finds them as in analysis.json, under the lens chosen.
    """
    store = open_folder(folder)
    analysis = store.read(ANY_ID)
    reading = replace(_read_reading(folder, analysis), **chosen)
    source = LocalSource(store, lambda: load_for(settings, store, analysis))
    method, thresholds = stages or _stages_of(analysis)
    analysis = staged_as(source, source.vocabulary, analysis, reading.lens, method, thresholds)
    asked = Wanted(analysis, reading, **wanted)
    return Drawing(source, source.vocabulary).figure(name, asked), asked


def load_for(settings: Settings, store: AnalysisStore, analysis: Analysis) -> "Pipeline":
    """The model that made the analysis. Raises InputError when another one is served."""
    served = served_model(settings.model)
    if served.revision != analysis.model.revision:
        raise InputError(
            f"This figure has to be derived with the model of the analysis, {analysis.model.name} "
            f"({analysis.model.revision[:12]}); FRETBOARD_MODEL is {served.name} "
            f"({served.revision[:12]}). Set it to the former."
        )
    return load_pipeline(settings, store)


def parse_thresholds(given: Iterable[str]) -> Thresholds:
    """`["mutation_sigmas=3"]` → Thresholds. Raises InputError that lists the names."""
    return _parse_fields(Thresholds, "threshold", given)


def parse_map(given: Iterable[str]) -> MapSettings:
    """`["method=umap", "seed=3"]` → MapSettings. Raises InputError that lists the names."""
    return _parse_fields(MapSettings, "map setting", given)


def _parse_fields(kind: type[T], noun: str, given: Iterable[str]) -> T:
    names = [one.name for one in fields(kind)]  # type: ignore[arg-type]
    values: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if name not in names or not equals:
            raise InputError(
                f"There is no {noun} {text!r}; write NAME=VALUE, the names being "
                f"{', '.join(names)}."
            )
        values[name] = value
    try:
        return TypeAdapter(kind).validate_python(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        said = first["msg"].removeprefix("Value error, ")
        raise InputError(f"{where + ': ' if where else ''}{said}") from error


def _stages_of(analysis: Analysis) -> tuple[StageMethod, Thresholds]:
    if analysis.stages is None:
        return StageMethod.AUTOMATIC, Thresholds()
    known = TypeAdapter(Thresholds).validate_python(analysis.stages.thresholds)
    return analysis.stages.method, known


def _read_reading(folder: Path, analysis: Analysis) -> Reading:
    path = folder / READING
    if not path.is_file():
        return Reading(analysis.request.lens)
    return TypeAdapter(Reading).validate_json(path.read_text())
