"""How a client reads an analysis: the query parameters of lens, divergence, scaling and stages."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from fastapi import Query

from fretboard.analysis.figures import staged_as
from fretboard.core.analysis import Analysis, Status
from fretboard.core.arrays import Reading
from fretboard.core.errors import InputError
from fretboard.core.question import Divergence, Lens, Scaling, StageMethod
from fretboard.jobs.array_reader import ArrayReader
from fretboard.jobs.services import Services
from fretboard.lens.maps.settings import MapSettings, paper_settings
from fretboard.lens.maps.settings import Method as MapMethod
from fretboard.lens.maps.settings import Scaling as MapScaling
from fretboard.lens.maps.settings import Start as MapStart
from fretboard.lens.thresholds import Thresholds

DEFAULT = Thresholds()
MapQuery = Callable[[Literal["tokens", "images"]], MapSettings]


@dataclass(frozen=True)
class StageQuery:
    """How the stages are found: the method, and its thresholds."""

    method: StageMethod
    thresholds: Thresholds


def stage_query(
    stages: StageMethod = StageMethod.AUTOMATIC,
    critical_depth: Annotated[int | None, Query(ge=1)] = None,
    mutation_sigmas: float = DEFAULT.mutation_sigmas,
    mutation_min_ratio: float = DEFAULT.mutation_min_ratio,
    mutation_min_jsd: float = DEFAULT.mutation_min_jsd,
    reversal_share: float = DEFAULT.reversal_share,
    flag_score: float = DEFAULT.flag_score,
    interval: float = DEFAULT.interval,
) -> StageQuery:
    """`stages` names the method; the others replace single thresholds."""
    try:
        thresholds = Thresholds(
            critical_depth=critical_depth,
            mutation_sigmas=mutation_sigmas,
            mutation_min_ratio=mutation_min_ratio,
            mutation_min_jsd=mutation_min_jsd,
            reversal_share=reversal_share,
            flag_score=flag_score,
            interval=interval,
        )
    except ValueError as error:
        raise InputError(str(error)) from error
    return StageQuery(stages, thresholds)


@dataclass(frozen=True)
class ReadingQuery:
    """Lens (None: the analysis's own), divergence, display scaling."""

    lens: Lens | None
    divergence: Divergence
    scaling: Scaling

    def of(self, analysis: Analysis) -> Reading:
        """The reading of one analysis."""
        return Reading(self.lens or analysis.request.lens, self.divergence, self.scaling)


def reading_query(
    lens: Lens | None = None,
    divergence: Divergence = Divergence.JSD,
    scale: Scaling = Scaling.NONE,
) -> ReadingQuery:
    """`lens`, `divergence`, `scale`."""
    return ReadingQuery(lens, divergence, scale)


Stager = Callable[[Analysis, Lens | None, StageQuery], Analysis]


def make_stager(services: Services, reader: ArrayReader) -> Stager:
    """The document as asked: staged anew where the lens, method or a threshold differs."""

    def stage(analysis: Analysis, lens: Lens | None, query: StageQuery) -> Analysis:
        if analysis.status != Status.DONE:
            return analysis
        return staged_as(
            reader, services.vocabulary, analysis, lens, query.method, query.thresholds
        )

    return stage


def map_query(
    preset: Literal["default", "paper"] = "default",
    method: MapMethod = "tsne",
    dimensions: Annotated[int, Query(ge=2, le=3)] = 2,
    perplexity: float | None = None,
    learning_rate: float | None = None,
    iterations: int | None = None,
    start: MapStart | None = None,
    n_neighbors: int | None = None,
    min_dist: float | None = None,
    epochs: int | None = None,
    seed: int | None = None,
    map_scaling: MapScaling | None = None,
) -> MapQuery:
    """How a map is made; what is not given is the preset's (`lens/map_settings.py`)."""
    given = {
        "method": method, "dimensions": dimensions, "perplexity": perplexity,
        "learning_rate": learning_rate, "iterations": iterations, "start": start,
        "n_neighbors": n_neighbors, "min_dist": min_dist, "epochs": epochs, "seed": seed,
        "scaling": map_scaling,
    }  # fmt: skip
    chosen: dict[str, Any] = {name: value for name, value in given.items() if value is not None}

    def settings(strings: Literal["tokens", "images"]) -> MapSettings:
        base = paper_settings(strings) if preset == "paper" else MapSettings()
        try:
            return replace(base, **chosen)
        except ValueError as error:
            raise InputError(str(error)) from error

    return settings
