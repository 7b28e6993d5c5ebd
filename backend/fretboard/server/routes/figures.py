"""`/api/analyses/{id}/figures/{name}`: Plotly figure JSON, built from the record."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from fretboard.analysis.arrays import require_done
from fretboard.analysis.figures import Drawing, Wanted
from fretboard.core.analysis import Analysis
from fretboard.core.question import Lens
from fretboard.figures.theme import ThemeName
from fretboard.figures.trajectory import ColorBy
from fretboard.jobs.array_reader import ArrayReader
from fretboard.jobs.services import Services
from fretboard.server.queries import (
    MapQuery,
    ReadingQuery,
    StageQuery,
    Stager,
    map_query,
    reading_query,
    stage_query,
)


def routes(services: Services, reader: ArrayReader, stage: Stager) -> APIRouter:
    """The router, bound to this process's services."""
    router = APIRouter(prefix="/api/analyses", tags=["figures"])
    drawing = Drawing(reader, services.vocabulary)

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
        map_settings: Annotated[MapQuery, Depends(map_query)],
        quantity: str = "probability",
        token: Annotated[int, Query(ge=0)] = 0,
        word: Annotated[list[str] | None, Query()] = None,
        color_by: ColorBy = "depth",
        theme: ThemeName = "light",
        beside: str | None = None,
        beside_lens: Lens | None = None,
    ) -> Response:
        """Plotly JSON of `fretboard`, `competition`, `divergence`, `profile` or a map.

        Maps are `trajectory` and `perplexities`, a small grid of them.

        `beside` names another analysis whose axes are shared (the profile draws both).
        """
        drawing.check(name)
        analysis = done(analysis_id, reading.lens, stages)
        other = done(beside, beside_lens or reading.lens, stages) if beside else None
        wanted = Wanted(
            analysis,
            reading.of(analysis),
            quantity,
            token,
            word or [],
            map=map_settings("tokens"),
            color_by=color_by,
            theme=theme,
            beside=other,
            beside_lens=beside_lens,
        )
        return Response(drawing.figure(name, wanted).to_json(), media_type="application/json")

    return router
