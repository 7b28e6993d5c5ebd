"""`/api/analyses/{id}/figures/{name}`: Plotly figure JSON, built from the record."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from fretboard.analysis.arrays import Arrays, read_done
from fretboard.analysis.figures import FigureOptions, Figures, Subject
from fretboard.analysis.stages import as_read
from fretboard.core.analysis import Analysis
from fretboard.core.map_settings import MapQuery
from fretboard.core.reading import Lens, Reading
from fretboard.jobs.services import Services


def routes(services: Services, arrays: Arrays) -> APIRouter:
    """The router, bound to this process's services."""
    router = APIRouter(prefix="/api/analyses", tags=["figures"])
    figures = Figures(arrays)

    def read(analysis_id: str, reading: Reading) -> tuple[Analysis, Reading]:
        analysis = read_done(services.store, analysis_id)
        own = reading.under(analysis.request.lens)
        return as_read(arrays, analysis, own), own

    @router.get("/{analysis_id}/figures/{name}", response_class=Response)
    def figure(
        analysis_id: str,
        name: str,
        reading: Annotated[Reading, Query()],
        options: Annotated[FigureOptions, Query()],
        settings: Annotated[MapQuery, Query()],
        beside: str | None = None,
        beside_lens: Lens | None = None,
    ) -> Response:
        """Plotly JSON of `fretboard`, `competition`, `divergence`, `profile` or a map.

        Maps are `trajectory` and `perplexities`, a small grid of them.

        `beside` names another analysis whose axes are shared (the profile draws both).
        """
        figures.check(name)
        analysis, own = read(analysis_id, reading)
        other = reading.but(lens=beside_lens or own.lens)
        subject = Subject(analysis, own, read(beside, other) if beside else None)
        drawn = figures.draw(name, subject, options, settings.of("tokens"))
        return Response(drawn.to_json(), media_type="application/json")

    return router
