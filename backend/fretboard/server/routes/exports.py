"""`…/export.zip`, `.html`, `.ipynb`, `.bib`: a record to take away, as one file."""

import os
from tempfile import NamedTemporaryFile
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from fretboard.analysis.arrays import read_done
from fretboard.analysis.export.causal_tests import TestExport
from fretboard.analysis.export.comparisons import stored
from fretboard.analysis.export.image_sets import SetExport
from fretboard.analysis.export.record import Exported
from fretboard.analysis.export.write import MEDIA, Format, write
from fretboard.analysis.figure_options import FigureOptions
from fretboard.core.map_settings import MapQuery
from fretboard.core.reading import Lens, Reading
from fretboard.figures.theme import ThemeName
from fretboard.server.attachments import server_of
from fretboard.server.context import InServices, InSource
from fretboard.server.routes.causal_tests import TokenQuery
from fretboard.server.routes.image_sets import finished_set

router = APIRouter(tags=["take it away"])


@router.get("/api/analyses/{analysis_id}/export.{kind}", response_class=FileResponse)
def analysis(
    request: Request,
    analysis_id: str,
    kind: Format,
    reading: Annotated[Reading, Query()],
    options: Annotated[FigureOptions, Query()],
    source: InSource,
    beside: str | None = None,
    beside_lens: Lens | None = None,
) -> FileResponse:
    """An archive, a page that opens offline, a notebook or BibTeX, as read.

    `beside` names another analysis: then of the comparison of both. `token`, `word` and
    `quantity` are what page and notebook open with.
    """
    record = stored(source, analysis_id, reading, options, beside, beside_lens)
    return _sent(record, kind, request, options.theme)


@router.get("/api/trajectories/{set_id}/export.{kind}", response_class=FileResponse)
def image_set(
    request: Request,
    set_id: str,
    kind: Format,
    settings: Annotated[MapQuery, Query()],
    services: InServices,
    source: InSource,
    token: str | None = None,
    theme: ThemeName = "light",
) -> FileResponse:
    """The same of an image set, all its analyses in the archive."""
    document, role = finished_set(services, set_id, token)
    return _sent(SetExport(source, document, role, settings), kind, request, theme)


@router.get("/api/experiments/{test_id}/export.{kind}", response_class=FileResponse)
def causal_test(
    request: Request,
    test_id: str,
    kind: Format,
    services: InServices,
    token: TokenQuery = None,
    theme: ThemeName = "light",
) -> FileResponse:
    """The same of a causal test."""
    test = read_done(services.tests, test_id)
    record = TestExport.stored(services.store, services.tests, test, token)
    return _sent(record, kind, request, theme)


def _sent(record: Exported, kind: Format, request: Request, theme: ThemeName) -> FileResponse:
    """Written to a file first: an archive may be larger than what memory is for."""
    with NamedTemporaryFile(prefix="fretboard-", delete=False) as file:
        try:
            write(record, kind, file, server_of(request), theme)
        except BaseException:
            os.unlink(file.name)
            raise
    return FileResponse(
        file.name,
        media_type=MEDIA[kind],
        filename=f"{record.name}.{kind}",
        background=BackgroundTask(os.unlink, file.name),
    )
