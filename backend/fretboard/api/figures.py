"""`/api/analyses/{id}/figures/{name}`: Plotly figure JSON, built from the record."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
import plotly.graph_objects as go
from fastapi import APIRouter, Depends, Query, Response

from fretboard.api.arrays import ArrayReader, require_done, require_token
from fretboard.api.reading import (
    ReadingQuery,
    StageQuery,
    Stager,
    reading_query,
    stage_query,
)
from fretboard.catalogue import Reading
from fretboard.document import Analysis, Lens
from fretboard.errors import InputError, NotFound
from fretboard.figures import (
    QUANTITIES,
    competition_figure,
    divergence_figure,
    fretboard_figure,
    profile_figure,
    trajectory_figure,
)
from fretboard.figures.profile import PROFILES
from fretboard.figures.quantities import ARRAYS_NEEDED
from fretboard.figures.theme import ThemeName
from fretboard.services import Services

PROJECTIONS = ("tsne", "pca")


@dataclass(frozen=True)
class Asked:
    """The query of a figure, with the analysis it is of, and the one its axes are shared with."""

    analysis: Analysis
    reading: Reading
    quantity: str
    token: int
    words: list[str]
    method: str
    theme: ThemeName
    beside: Analysis | None = None
    beside_lens: Lens | None = None

    @property
    def other(self) -> tuple[Analysis, Reading] | None:
        """The analysis beside, and how it is read."""
        if self.beside is None:
            return None
        lens = self.beside_lens or self.reading.lens
        return self.beside, replace(self.reading, lens=lens)


def routes(services: Services, reader: ArrayReader, stage: Stager) -> APIRouter:
    """The router, bound to this process's services."""
    router = APIRouter(prefix="/api/analyses", tags=["figures"])
    makers = _Makers(services, reader)
    by_name: dict[str, Callable[[Asked], go.Figure]] = {
        "fretboard": makers.fretboard,
        "competition": makers.competition,
        "divergence": makers.divergence,
        "profile": makers.profile,
        "trajectory": makers.trajectory,
    }

    def done(analysis_id: str, lens: Lens | None, stages: StageQuery) -> Analysis:
        analysis = services.store.read(analysis_id)
        require_done(analysis)
        return stage(analysis, lens, stages)

    @router.get("/{analysis_id}/figures/{name}", response_class=Response)
    def figure(
        analysis_id: str,
        name: str,
        reading: Annotated[ReadingQuery, Depends(reading_query)],
        stages: Annotated[StageQuery, Depends(stage_query)],
        quantity: str = "probability",
        token: Annotated[int, Query(ge=0)] = 0,
        word: Annotated[list[str] | None, Query()] = None,
        method: str = "tsne",
        theme: ThemeName = "light",
        beside: str | None = None,
        beside_lens: Lens | None = None,
    ) -> Response:
        """`fretboard`, `competition`, `divergence`, `profile` or `trajectory` as Plotly JSON.

        `beside` names another analysis whose axes are shared (the profile draws both).
        """
        if name not in by_name:
            raise NotFound(f"There is no figure {name!r}; there are {', '.join(by_name)}.")
        analysis = done(analysis_id, reading.lens, stages)
        other = done(beside, beside_lens or reading.lens, stages) if beside else None
        asked = Asked(
            analysis, reading.of(analysis), quantity, token, word or [], method, theme, other,
            beside_lens,
        )  # fmt: skip
        return Response(by_name[name](asked).to_json(), media_type="application/json")

    return router


class _Makers:
    """Gather what a figure needs, then build it."""

    def __init__(self, services: Services, reader: ArrayReader) -> None:
        self._services = services
        self._reader = reader

    def fretboard(self, asked: Asked) -> go.Figure:
        _require("quantity", asked.quantity, QUANTITIES)
        other = asked.other
        return fretboard_figure(
            asked.analysis,
            self._arrays(asked.analysis, asked.reading),
            self._services.vocabulary(asked.analysis),
            asked.quantity,
            asked.reading,
            asked.theme,
            None if other is None else self._arrays(*other),
        )

    def competition(self, asked: Asked) -> go.Figure:
        require_token(asked.analysis, asked.token)
        lens = asked.reading.lens
        vocabulary = self._services.vocabulary(asked.analysis)
        words = [vocabulary.word(word) for word in asked.words]
        table = self._reader.distribution(asked.analysis, asked.token, lens)
        # Of a difference nobody leads: its candidates are those of the normed lens.
        leaders = self._reader.named(asked.analysis, "top_ids", lens.base)[:, asked.token, 0]
        return competition_figure(
            asked.analysis, table, leaders, asked.token, words, vocabulary, lens, asked.theme
        )

    def divergence(self, asked: Asked) -> go.Figure:
        require_token(asked.analysis, asked.token)
        other = asked.other
        return divergence_figure(
            asked.analysis, self._jsd(asked.analysis, asked.reading), asked.token, asked.reading,
            asked.theme, None if other is None else self._jsd(*other),
        )  # fmt: skip

    def profile(self, asked: Asked) -> go.Figure:
        _require("quantity", asked.quantity, PROFILES)

        def side(analysis: Analysis, reading: Reading) -> tuple[Analysis, dict, Reading]:
            return analysis, self._arrays(analysis, reading), reading

        first = side(asked.analysis, asked.reading)
        second = side(*asked.other) if asked.other else None
        return profile_figure(first, second, asked.quantity, asked.theme)

    def trajectory(self, asked: Asked) -> go.Figure:
        _require("projection", asked.method, PROJECTIONS)
        points, note = self._reader.trajectory(asked.analysis, asked.method)
        return trajectory_figure(asked.analysis, points, note, asked.theme)

    def _jsd(self, analysis: Analysis, reading: Reading) -> np.ndarray:
        return self._reader.named(analysis, "jsd", reading.lens, reading.divergence)

    def _arrays(self, analysis: Analysis, reading: Reading) -> dict[str, np.ndarray]:
        return {
            name: self._reader.named(analysis, name, reading.lens, reading.divergence)
            for name in ARRAYS_NEEDED
        }


def _require(kind: str, name: str, known: Collection[str]) -> None:
    if name not in known:
        raise InputError(f"There is no {kind} {name!r}; there are {', '.join(known)}.")
