"""Routes of `/api/experiments`: causal tests of an answer, their results, figure and finding."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Header, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel

from fretboard.analysis.causal_tests import draw, find
from fretboard.analysis.export.causal_tests import TestExport
from fretboard.core.analysis import Status
from fretboard.core.causal_test import CausalTest, Kind
from fretboard.core.errors import NotFinished, NotFound
from fretboard.figures.findings import Finding
from fretboard.figures.theme import ThemeName
from fretboard.jobs.delete import erase_test
from fretboard.jobs.services import Services
from fretboard.jobs.submit_test import submit_test
from fretboard.server.attachments import FigureFormat, figure_as, npy
from fretboard.server.events import follow, of_test
from fretboard.server.forms import MULTIPART, TestForm
from fretboard.server.routes.analyses import Accepted
from fretboard.server.security.guard import client_of

TokenQuery = Annotated[int | None, Query(ge=0)]


class ListedTest(BaseModel):
    """One test of an answer, without its results."""

    id: str
    kind: Kind
    status: Status
    other: str
    into_image: bool
    rival: str


def routes(services: Services) -> APIRouter:
    """The router, bound to this process's services."""
    router = APIRouter(tags=["causal tests"])
    _add_life_cycle(router, services)
    _add_events(router, services)
    _add_results(router, services)
    return router


def _add_life_cycle(router: APIRouter, services: Services) -> None:
    @router.post("/api/experiments", status_code=202, responses={200: {"model": Accepted}})
    def create(
        request: Request,
        response: Response,
        form: Annotated[TestForm, Form(media_type=MULTIPART)],
    ) -> Accepted:
        """Test what causes the answer of a finished analysis. The same again: 200, the same id.

        `other` (patching): `blank`, or an analysis whose image is used; or upload `other_image`.
        """
        test, started = submit_test(services, form.fields, form.upload(), client_of(request))
        response.status_code = 202 if started else 200
        response.headers["Location"] = f"/api/experiments/{test.id}"
        return _accepted(test)

    @router.get("/api/experiments/{test_id}")
    def document(test_id: str) -> CausalTest:
        """The document; its arrays are under `/arrays`."""
        return services.tests.read(test_id)

    @router.get("/api/analyses/{analysis_id}/experiments")
    def of_analysis(analysis_id: str) -> list[ListedTest]:
        """The causal tests of an analysis, whatever their state."""
        tests = services.tests.of(services.store.read(analysis_id).id)
        listed = sorted(tests, key=lambda test: (list(Kind).index(test.kind), test.id))
        return [ListedTest.model_validate(test.model_dump()) for test in listed]

    @router.delete("/api/experiments/{test_id}", status_code=204, response_class=Response)
    def delete(test_id: str) -> None:
        """Stop it where it runs, and remove its record."""
        erase_test(services, test_id)

    @router.post("/api/experiments/{test_id}/cancel", status_code=202)
    def cancel(test_id: str) -> Accepted:
        """Stop it: at once while it waits, else after the run of the model that is under way."""
        test = services.tests.read(test_id)
        if test.status in (Status.DONE, Status.FAILED):
            raise NotFinished(f"The test is {test.status}; there is nothing to cancel.")
        services.cancel(test)
        return _accepted(test)


def _add_events(router: APIRouter, services: Services) -> None:
    def known(test_id: str) -> CausalTest:
        return services.tests.read(test_id)

    @router.get("/api/experiments/{test_id}/events", response_class=EventSourceResponse)
    async def events(
        # A dependency, so that an unknown id is answered before the stream begins.
        test: Annotated[CausalTest, Depends(known)],
        last_event_id: Annotated[str | None, Header()] = None,
    ) -> AsyncIterator[ServerSentEvent]:
        """Follow a test: `status`, `progress` (share, message), then `done` or `failed`."""
        story = of_test(services, test)
        async for event in follow(services, story, last_event_id):
            yield event


def _add_results(router: APIRouter, services: Services) -> None:
    @router.get("/api/experiments/{test_id}/arrays/{name}", response_class=Response)
    def array(test_id: str, name: str) -> Response:
        """One array as `.npy`; the names are those of docs/experiments.md."""
        arrays = services.tests.read_results(finished_test(services, test_id).id)
        if name not in arrays:
            raise NotFound(f"There is no array {name!r}; there are {', '.join(sorted(arrays))}.")
        return npy(arrays[name], f"{test_id}-{name}")

    @router.get("/api/experiments/{test_id}/figure", response_class=Response)
    def figure(
        request: Request,
        test_id: str,
        token: TokenQuery = None,
        theme: ThemeName = "light",
        format: FigureFormat = "json",
    ) -> Response:
        """Plotly JSON, of one token or (without `token`) of the mean of all; or numbers, Python."""
        test = finished_test(services, test_id)
        arrays = services.tests.read_results(test_id)
        drawn = draw(test, arrays, token, theme)
        return figure_as(drawn, format, TestExport(test, arrays, token), request)

    @router.get("/api/experiments/{test_id}/finding")
    def finding(test_id: str, token: TokenQuery = None) -> Finding:
        """What came of it in one sentence and its numbers."""
        test = finished_test(services, test_id)
        return find(test, services.tests.read_results(test_id), token)

    @router.get("/api/experiments/{test_id}/other", response_class=Response)
    def other(test_id: str) -> Response:
        """The image that was patched against, PNG; 404 where it was a grey one."""
        return Response(services.tests.read_other(test_id), media_type="image/png")


def _accepted(test: CausalTest) -> Accepted:
    place = f"/a/{test.analysis}?test={test.id}"
    return Accepted(id=test.id, status=test.status, url=place)


def finished_test(services: Services, test_id: str) -> CausalTest:
    """Raises NotFinished."""
    test = services.tests.read(test_id)
    if test.status is Status.FAILED:
        assert test.error is not None  # a failure is written with its reason
        raise NotFinished(f"The test failed: {test.error.detail}")
    if test.status is not Status.DONE:
        raise NotFinished(
            f"The test is {test.status}; follow /api/experiments/{test_id}/events and ask again."
        )
    return test
