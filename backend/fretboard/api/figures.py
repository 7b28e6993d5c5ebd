"""`/api/analyses/{id}/figures/{name}`: Plotly figure JSON, built from the record."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import plotly.graph_objects as go
from fastapi import APIRouter, Query, Response

from fretboard.api.arrays import ArrayReader, require_done, require_token
from fretboard.document import Analysis, Divergence, Lens
from fretboard.errors import InputError, NotFound
from fretboard.figures import (
    QUANTITIES,
    competition_figure,
    divergence_figure,
    fretboard_figure,
    trajectory_figure,
)
from fretboard.figures.fretboard import ARRAYS_NEEDED
from fretboard.figures.theme import ThemeName
from fretboard.services import Services

PROJECTIONS = ("tsne", "pca")


@dataclass(frozen=True)
class Asked:
    """The query of a figure, with the analysis it is of."""

    analysis: Analysis
    lens: Lens
    divergence: Divergence
    quantity: str
    token: int
    words: list[str]
    method: str
    theme: ThemeName


def routes(services: Services, reader: ArrayReader) -> APIRouter:
    """The router, bound to this process's services."""
    router = APIRouter(prefix="/api/analyses", tags=["figures"])
    makers = _Makers(services, reader)
    by_name: dict[str, Callable[[Asked], go.Figure]] = {
        "fretboard": makers.fretboard,
        "competition": makers.competition,
        "divergence": makers.divergence,
        "trajectory": makers.trajectory,
    }

    @router.get("/{analysis_id}/figures/{name}", response_class=Response)
    def figure(
        analysis_id: str,
        name: str,
        lens: Lens | None = None,
        divergence: Divergence = Divergence.JSD,
        quantity: str = "probability",
        token: Annotated[int, Query(ge=0)] = 0,
        word: Annotated[list[str] | None, Query()] = None,
        method: str = "tsne",
        theme: ThemeName = "light",
    ) -> Response:
        """`fretboard`, `competition`, `divergence` or `trajectory` as Plotly JSON."""
        if name not in by_name:
            raise NotFound(f"There is no figure {name!r}; there are {', '.join(by_name)}.")
        analysis = services.store.read(analysis_id)
        require_done(analysis)
        asked = Asked(
            analysis, lens or analysis.request.lens, divergence, quantity, token, word or [],
            method, theme,
        )  # fmt: skip
        return Response(by_name[name](asked).to_json(), media_type="application/json")

    return router


class _Makers:
    """Gather what a figure needs, then build it."""

    def __init__(self, services: Services, reader: ArrayReader) -> None:
        self._services = services
        self._reader = reader

    def fretboard(self, asked: Asked) -> go.Figure:
        if asked.quantity not in QUANTITIES:
            raise InputError(
                f"There is no quantity {asked.quantity!r}; there are {', '.join(QUANTITIES)}."
            )
        arrays = {
            name: self._reader.named(asked.analysis, name, asked.lens, asked.divergence)
            for name in ARRAYS_NEEDED
        }
        vocabulary = self._services.vocabulary(asked.analysis)
        return fretboard_figure(
            asked.analysis, arrays, vocabulary, asked.quantity, asked.lens, asked.divergence,
            asked.theme,
        )  # fmt: skip

    def competition(self, asked: Asked) -> go.Figure:
        require_token(asked.analysis, asked.token)
        vocabulary = self._services.vocabulary(asked.analysis)
        words = [vocabulary.word(word) for word in asked.words]
        table = self._reader.distribution(asked.analysis, asked.token, asked.lens)
        leaders = self._reader.named(asked.analysis, "top_ids", asked.lens)[:, asked.token, 0]
        return competition_figure(
            asked.analysis, table, leaders, asked.token, words, vocabulary, asked.lens, asked.theme
        )

    def divergence(self, asked: Asked) -> go.Figure:
        require_token(asked.analysis, asked.token)
        values = self._reader.named(asked.analysis, "jsd", asked.lens, asked.divergence)
        return divergence_figure(
            asked.analysis, values, asked.token, asked.lens, asked.divergence, asked.theme
        )

    def trajectory(self, asked: Asked) -> go.Figure:
        if asked.method not in PROJECTIONS:
            raise InputError(
                f"There is no projection {asked.method!r}; there are {', '.join(PROJECTIONS)}."
            )
        points, note = self._reader.trajectory(asked.analysis, asked.method)
        return trajectory_figure(asked.analysis, points, note, asked.theme)
