"""`/api/analyses/{id}/figures/{name}`: Plotly figure JSON, built from the record."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from fretboard.analysis.export.comparisons import stored
from fretboard.analysis.figure_options import FigureOptions
from fretboard.core.map_settings import MapQuery
from fretboard.core.reading import Lens, Reading
from fretboard.server.attachments import FigureFormat, figure_as
from fretboard.server.context import InSource

router = APIRouter(prefix="/api/analyses", tags=["figures"])


@router.get("/{analysis_id}/figures/{name}", response_class=Response)
def figure(
    request: Request,
    analysis_id: str,
    name: str,
    reading: Annotated[Reading, Query()],
    options: Annotated[FigureOptions, Query()],
    settings: Annotated[MapQuery, Query()],
    source: InSource,
    beside: str | None = None,
    beside_lens: Lens | None = None,
    format: FigureFormat = "json",
) -> Response:
    """Plotly JSON of `fretboard`, `competition`, `divergence`, `profile`, `patches`,
    `both-competitions` or a map (`trajectory`, `perplexities`, a small grid of them).

    `beside` names another analysis whose axes are shared (the profile and both competitions
    draw both). `format`: `json`, `csv` (the numbers it shows) or `py` (the Python for it).
    """
    record = stored(source, analysis_id, reading, options, beside, beside_lens)
    return figure_as(record.draw(name, options, settings), format, record, request)
