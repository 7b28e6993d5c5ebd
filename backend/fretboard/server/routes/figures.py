"""`/api/analyses/{id}/figures/{name}`: Plotly figure JSON, built from the record."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from fretboard.analysis.arrays import Arrays, read_done
from fretboard.analysis.export.analyses import AnalysisExport
from fretboard.analysis.export.comparisons import ComparisonExport
from fretboard.analysis.export.record import Exported
from fretboard.analysis.figure_options import FigureOptions
from fretboard.analysis.figures import Figures, Subject
from fretboard.analysis.source import StoredSource
from fretboard.analysis.stages import as_read
from fretboard.core.analysis import Analysis
from fretboard.core.map_settings import MapQuery
from fretboard.core.reading import Lens, Reading
from fretboard.jobs.services import Services
from fretboard.server.attachments import FigureFormat, figure_as


def routes(services: Services, arrays: Arrays) -> APIRouter:
    """The router, bound to this process's services."""
    router = APIRouter(prefix="/api/analyses", tags=["figures"])
    figures, source = Figures(arrays), StoredSource(arrays)

    def read(analysis_id: str, reading: Reading) -> tuple[Analysis, Reading]:
        analysis = read_done(services.store, analysis_id)
        own = reading.under(analysis.request.lens)
        return as_read(arrays, analysis, own), own

    @router.get("/{analysis_id}/figures/{name}", response_class=Response)
    def figure(
        request: Request,
        analysis_id: str,
        name: str,
        reading: Annotated[Reading, Query()],
        options: Annotated[FigureOptions, Query()],
        settings: Annotated[MapQuery, Query()],
        beside: str | None = None,
        beside_lens: Lens | None = None,
        format: FigureFormat = "json",
    ) -> Response:
        """Plotly JSON of `fretboard`, `competition`, `divergence`, `profile`,

        `both-competitions` or a map.

        Maps are `trajectory` and `perplexities`, a small grid of them.

        `beside` names another analysis whose axes are shared (the profile and both competitions
        draw both). `format`: `json`, `csv` (the numbers it shows) or `py` (the Python for it).
        """
        figures.check(name)
        analysis, own = read(analysis_id, reading)
        other = reading.but(lens=beside_lens or own.lens)
        subject = Subject(analysis, own, read(beside, other) if beside else None)
        first = AnalysisExport(source, analysis, own, options)
        record: Exported = first
        if subject.beside is not None:
            record = ComparisonExport(first, AnalysisExport(source, *subject.beside))
        drawn = figures.draw(name, subject, options, settings.of("tokens"))
        return figure_as(drawn, format, record, request)

    return router
