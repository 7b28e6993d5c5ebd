"""Routes of `/api/experiments`: causal tests of an answer, their results, figure and finding."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from pydantic import BaseModel

from fretboard.analysis.arrays import read_done
from fretboard.analysis.causal_tests import draw, find
from fretboard.analysis.export.causal_tests import TestExport
from fretboard.core.analysis import Status
from fretboard.core.causal_test import CausalTest, Kind
from fretboard.core.errors import NotFound
from fretboard.figures.findings import Finding
from fretboard.figures.theme import ThemeName
from fretboard.jobs.life_cycle import CausalTestLife
from fretboard.jobs.submit import submit_test
from fretboard.server.attachments import FigureFormat, figure_as, npy
from fretboard.server.context import InServices
from fretboard.server.events import of_run
from fretboard.server.forms import MULTIPART, TestForm
from fretboard.server.routes.life_cycle import Accepted, Resource, add_life_cycle
from fretboard.server.security.guard import client_of

URL = "/api/experiments"
TokenQuery = Annotated[int | None, Query(ge=0)]
router = APIRouter(tags=["causal tests"])
tests = Resource(
    life=CausalTestLife,
    url=URL,
    parameter="test_id",
    page=lambda test: f"/a/{test.analysis}?test={test.id}",
    story=of_run,
    deletes="Stop it where it runs, and remove its record.",
    cancels="Stop it: at once while it waits, else after the run of the model under way.",
    follows="Follow a test: `status`, `progress` (share, message), then `done` or `failed`.",
)
add_life_cycle(router, tests)


class ListedTest(BaseModel):
    """One test of an answer, without its results."""

    id: str
    kind: Kind
    status: Status
    other: str
    into_image: bool
    rival: str


@router.post(URL, status_code=202, responses={200: {"model": Accepted}})
def create(
    request: Request,
    response: Response,
    form: Annotated[TestForm, Form(media_type=MULTIPART)],
    services: InServices,
) -> Accepted:
    """Test what causes the answer of a finished analysis. The same again: 200, the same id.

    `other` (patching): `blank`, or an analysis whose image is used; or upload `other_image`.
    Image, prompt and tokens are the analysis's own. 409 while it runs; 422 with the reason
    where there is nothing to test, or an option belongs to another kind.
    """
    entered = submit_test(services, form.fields, form.upload(), client_of(request))
    return tests.entered(services, response, *entered)


@router.get(f"{URL}/{{test_id}}")
def document(test_id: str, services: InServices) -> CausalTest:
    """The document; its arrays are under `/arrays`."""
    return services.tests.read(test_id)


@router.get("/api/analyses/{analysis_id}/experiments")
def of_analysis(analysis_id: str, services: InServices) -> list[ListedTest]:
    """The causal tests of an analysis, whatever their state."""
    known = services.tests.of(services.store.read(analysis_id).id)
    listed = sorted(known, key=lambda test: (list(Kind).index(test.kind), test.id))
    return [ListedTest.model_validate(test.model_dump()) for test in listed]


@router.get(f"{URL}/{{test_id}}/arrays/{{name}}", response_class=Response)
def array(test_id: str, name: str, services: InServices) -> Response:
    """One array as `.npy`; the names are those of docs/experiments.md."""
    arrays = services.tests.read_results(read_done(services.tests, test_id).id)
    if name not in arrays:
        raise NotFound(f"There is no array {name!r}; there are {', '.join(sorted(arrays))}.")
    return npy(arrays[name], f"{test_id}-{name}")


@router.get(f"{URL}/{{test_id}}/figure", response_class=Response)
def figure(
    request: Request,
    test_id: str,
    services: InServices,
    token: TokenQuery = None,
    theme: ThemeName = "light",
    format: FigureFormat = "json",
) -> Response:
    """Plotly JSON, of one token or (without `token`) of the mean of all; or numbers, Python."""
    test = read_done(services.tests, test_id)
    arrays = services.tests.read_results(test_id)
    drawn = draw(test, arrays, token, theme)
    return figure_as(drawn, format, TestExport(test, arrays, token), request)


@router.get(f"{URL}/{{test_id}}/finding")
def finding(test_id: str, services: InServices, token: TokenQuery = None) -> Finding:
    """What came of it in one sentence and its numbers."""
    test = read_done(services.tests, test_id)
    return find(test, services.tests.read_results(test_id), token)


@router.get(f"{URL}/{{test_id}}/other", response_class=Response)
def other(test_id: str, services: InServices) -> Response:
    """The image that was patched against, PNG; 404 where it was a grey one."""
    return Response(services.tests.read_other(test_id), media_type="image/png")
