"""Routes of `/api/experiments`: causal tests of an answer, their results, figure and finding."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Header, Query, Request, Response, UploadFile
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel

from fretboard.analysis.causal_tests import draw, find
from fretboard.core.analysis import Status
from fretboard.core.causal_test import BLANK, Experiment, Kind
from fretboard.core.errors import InputError, NotFinished, NotFound
from fretboard.figures.findings import Finding
from fretboard.figures.theme import ThemeName
from fretboard.jobs.delete import erase_experiment
from fretboard.jobs.services import Services
from fretboard.jobs.submit_test import AskedTest, submit_test
from fretboard.server.events import follow, of_experiment
from fretboard.server.routes.analyses import NPY, Accepted, to_npy
from fretboard.server.security.guard import client_of

LONGEST_WORD = 100  # characters; a rival is one word
TokenQuery = Annotated[int | None, Query(ge=0)]


class ListedExperiment(BaseModel):
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
        analysis: Annotated[str, Form()],
        kind: Annotated[Kind, Form()],
        other: Annotated[str, Form()] = BLANK,
        other_image: Annotated[UploadFile | None, File()] = None,
        into_image: Annotated[bool, Form()] = False,
        rival: Annotated[str, Form(max_length=LONGEST_WORD)] = "",
    ) -> Accepted:
        """Test what causes the answer of a finished analysis. The same again: 200, the same id.

        `other` (patching): `blank`, or an analysis whose image is used; or upload `other_image`.
        """
        upload = other_image.file.read() if other_image is not None else None
        asked = AskedTest(analysis, kind, other or BLANK, upload, into_image, rival)
        experiment, started = submit_test(services, asked, client_of(request))
        response.status_code = 202 if started else 200
        response.headers["Location"] = f"/api/experiments/{experiment.id}"
        return _accepted(experiment)

    @router.get("/api/experiments/{experiment_id}")
    def document(experiment_id: str) -> Experiment:
        """The document; its arrays are under `/arrays`."""
        return services.experiments.read(experiment_id)

    @router.get("/api/analyses/{analysis_id}/experiments")
    def of_analysis(analysis_id: str) -> list[ListedExperiment]:
        """The causal tests of an analysis, whatever their state."""
        found = services.experiments.of(services.store.read(analysis_id).id)
        listed = sorted(found, key=lambda one: (list(Kind).index(one.kind), one.id))
        return [ListedExperiment.model_validate(one.model_dump()) for one in listed]

    @router.delete("/api/experiments/{experiment_id}", status_code=204, response_class=Response)
    def delete(experiment_id: str) -> None:
        """Stop it where it runs, and remove its record."""
        erase_experiment(services, experiment_id)

    @router.post("/api/experiments/{experiment_id}/cancel", status_code=202)
    def cancel(experiment_id: str) -> Accepted:
        """Stop it: at once while it waits, else after the run of the model that is under way."""
        experiment = services.experiments.read(experiment_id)
        if experiment.status in (Status.DONE, Status.FAILED):
            raise NotFinished(f"The test is {experiment.status}; there is nothing to cancel.")
        services.cancel(experiment)
        return _accepted(experiment)


def _add_events(router: APIRouter, services: Services) -> None:
    def known(experiment_id: str) -> Experiment:
        return services.experiments.read(experiment_id)

    @router.get("/api/experiments/{experiment_id}/events", response_class=EventSourceResponse)
    async def events(
        # A dependency, so that an unknown id is answered before the stream begins.
        experiment: Annotated[Experiment, Depends(known)],
        last_event_id: Annotated[str | None, Header()] = None,
    ) -> AsyncIterator[ServerSentEvent]:
        """Follow a test: `status`, `progress` (share, message), then `done` or `failed`."""
        story = of_experiment(services, experiment)
        async for event in follow(services, story, last_event_id):
            yield event


def _add_results(router: APIRouter, services: Services) -> None:
    @router.get("/api/experiments/{experiment_id}/arrays/{name}", response_class=Response)
    def array(experiment_id: str, name: str) -> Response:
        """One array as `.npy`; the names are those of docs/experiments.md."""
        arrays = services.experiments.read_results(_done(services, experiment_id).id)
        if name not in arrays:
            raise NotFound(f"There is no array {name!r}; there are {', '.join(sorted(arrays))}.")
        attached = {"Content-Disposition": f'attachment; filename="{experiment_id}-{name}.npy"'}
        return Response(to_npy(arrays[name]), media_type=NPY, headers=attached)

    @router.get("/api/experiments/{experiment_id}/figure", response_class=Response)
    def figure(
        experiment_id: str, token: TokenQuery = None, theme: ThemeName = "light"
    ) -> Response:
        """Plotly JSON, of one token or (without `token`) of the mean of all."""
        experiment = _done(services, experiment_id)
        arrays = services.experiments.read_results(experiment_id)
        drawn = draw(experiment, arrays, token, theme)
        return Response(drawn.to_json(), media_type="application/json")

    @router.get("/api/experiments/{experiment_id}/finding")
    def finding(experiment_id: str, token: TokenQuery = None) -> Finding:
        """What came of it in one sentence and its numbers."""
        experiment = _done(services, experiment_id)
        return find(experiment, services.experiments.read_results(experiment_id), token)

    @router.get("/api/experiments/{experiment_id}/other", response_class=Response)
    def other(experiment_id: str) -> Response:
        """The image that was patched against, PNG; 404 where it was a grey one."""
        return Response(services.experiments.read_other(experiment_id), media_type="image/png")


def _accepted(experiment: Experiment) -> Accepted:
    place = f"/a/{experiment.analysis}?test={experiment.id}"
    return Accepted(id=experiment.id, status=experiment.status, url=place)


def _done(services: Services, experiment_id: str) -> Experiment:
    experiment = services.experiments.read(experiment_id)
    if experiment.status is Status.FAILED:
        assert experiment.error is not None  # a failure is written with its reason
        raise InputError(f"The test failed: {experiment.error.detail}")
    if experiment.status is not Status.DONE:
        raise NotFinished(
            f"The test is {experiment.status}; follow /api/experiments/{experiment_id}/events "
            "and ask again."
        )
    return experiment
