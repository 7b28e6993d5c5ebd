"""Routes of `/api/analyses`: create, read, follow, cancel, delete, run again; image and arrays."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Header, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel

from fretboard.analysis.arrays import Arrays
from fretboard.analysis.questions import without_preset
from fretboard.analysis.stages import as_read
from fretboard.core.analysis import Analysis, Status
from fretboard.core.errors import NotFinished
from fretboard.core.question import Question
from fretboard.core.reading import Divergence, Lens, Reading
from fretboard.jobs.delete import erase_analysis
from fretboard.jobs.rerun import needs_run, run_again
from fretboard.jobs.services import Services
from fretboard.jobs.submit import submit
from fretboard.server.attachments import npy
from fretboard.server.events import follow, of_analysis
from fretboard.server.forms import MULTIPART, QuestionForm
from fretboard.server.security.guard import client_of
from fretboard.store.analyses import IMAGE


class Accepted(BaseModel):
    """Answer to a new or known request."""

    id: str
    status: Status
    url: str


class Missing(BaseModel):
    """Parts missing or damaged in the record: `image`, `arrays`, `hidden_states`."""

    missing: list[str]
    again: bool
    """Whether POST …/again can bring them back: it needs the image."""


def routes(services: Services, arrays: Arrays) -> APIRouter:
    """The router, bound to this process's services."""
    router = APIRouter(prefix="/api/analyses", tags=["analyses"])
    _add_creation(router, services, arrays)
    _add_life_cycle(router, services, arrays)
    _add_lost_parts(router, services)
    _add_events(router, services)
    _add_arrays(router, services, arrays)
    return router


def _accepted(analysis: Analysis) -> Accepted:
    return Accepted(id=analysis.id, status=analysis.status, url=f"/a/{analysis.id}")


def _add_creation(router: APIRouter, services: Services, arrays: Arrays) -> None:
    @router.post("", status_code=202, responses={200: {"model": Accepted}})
    def create(
        request: Request,
        response: Response,
        form: Annotated[QuestionForm, Form(media_type=MULTIPART)],
        reading: Annotated[Reading, Query()],
    ) -> Accepted:
        """Analyse an image and a prompt. The same request again answers 200 and the same id.

        `skip_layers` may be a preset of the analysis `preset_of`, its stages read as the query
        says: the record holds the set. `repair` is one of `/api/repairs`, then its settings:
        `deco strength=0.6 depths=8-10`. `Location` is the document's address. 413 where its memory
        would not fit: `max_new_tokens` of the problem is the number that does.
        """
        question = settled(services, arrays, form.question(), reading)
        analysis, started = submit(services, question, client=client_of(request))
        response.status_code = 202 if started else 200
        response.headers["Location"] = f"/api/analyses/{analysis.id}"
        return _accepted(analysis)


def settled(services: Services, arrays: Arrays, question: Question, reading: Reading) -> Question:
    """With the layers that a preset became, by the stages as read."""

    def find(analysis_id: str) -> Analysis:
        return as_read(arrays, services.store.read(analysis_id), reading)

    return without_preset(services.settings, question, find, services.bus.announced())


def _add_life_cycle(router: APIRouter, services: Services, arrays: Arrays) -> None:
    @router.get("/{analysis_id}", response_model_by_alias=True)
    def document(analysis_id: str, reading: Annotated[Reading, Query()]) -> Analysis:
        """The document, its stages read as asked; its arrays are under `/arrays`."""
        return as_read(arrays, services.store.read(analysis_id), reading)

    @router.delete("/{analysis_id}", status_code=204)
    def delete(analysis_id: str) -> None:
        """Remove all that is kept of it: record, image, causal tests, arrays, events."""
        erase_analysis(services, analysis_id)

    @router.post("/{analysis_id}/cancel", status_code=202)
    def cancel(analysis_id: str) -> Accepted:
        """Stop an analysis: at its next token, or at once while it waits."""
        analysis = services.store.read(analysis_id)
        if analysis.status in (Status.DONE, Status.FAILED):
            raise NotFinished(f"The analysis is {analysis.status}; there is nothing to cancel.")
        services.cancel(analysis)
        return _accepted(analysis)


def _add_lost_parts(router: APIRouter, services: Services) -> None:
    @router.get("/{analysis_id}/missing")
    def missing(analysis_id: str) -> Missing:
        """Which parts of the record the store has lost, or holds damaged."""
        parts = services.store.lost_parts(services.store.read(analysis_id))
        return Missing(missing=parts, again=IMAGE not in parts)

    @router.post("/{analysis_id}/again", status_code=202, responses={200: {"model": Accepted}})
    def again(analysis_id: str, request: Request, response: Response) -> Accepted:
        """Run an analysis again that failed, stands still or lost a part; 200: no need to.

        410 without its image: ask again with the image.
        """
        analysis = services.store.read(analysis_id)
        if needs_run(services, analysis):
            analysis = run_again(services, analysis, client_of(request))
        else:
            response.status_code = 200
        return _accepted(analysis)


def _add_events(router: APIRouter, services: Services) -> None:
    def known(analysis_id: str) -> Analysis:
        return services.store.read(analysis_id)

    @router.get("/{analysis_id}/events", response_class=EventSourceResponse)
    async def events(
        # A dependency, so that an unknown id is answered before the stream begins.
        analysis: Annotated[Analysis, Depends(known)],
        last_event_id: Annotated[str | None, Header()] = None,
    ) -> AsyncIterator[ServerSentEvent]:
        """Follow an analysis: `status`, `token` (as each is generated), then `done` or `failed`.

        While it waits `status` has `position` (1: next) and `expected_seconds` (null until a run
        was measured). A finished analysis replays.
        """
        story = of_analysis(services, analysis)
        async for event in follow(services, story, last_event_id):
            yield event


def _add_arrays(router: APIRouter, services: Services, arrays: Arrays) -> None:
    @router.get("/{analysis_id}/image", response_class=Response)
    def image(analysis_id: str) -> Response:
        """The upright image, as PNG."""
        return Response(services.store.read_image(analysis_id), media_type="image/png")

    @router.get("/{analysis_id}/tokenizer", response_class=Response)
    def tokenizer(analysis_id: str) -> Response:
        """`tokenizer.json` of the analysis's model: what its token ids say."""
        text = services.store.read_tokenizer(services.store.read(analysis_id).model.revision)
        return Response(text, media_type="application/json")

    @router.get("/{analysis_id}/arrays/{name}", response_class=Response)
    def array(
        analysis_id: str,
        name: str,
        lens: Lens | None = None,
        divergence: Divergence = Divergence.JSD,
    ) -> Response:
        """An array as numpy's `.npy`; see the catalogue in the docs for shapes and units."""
        values = arrays.named(services.store.read(analysis_id), name, lens, divergence)
        return npy(values, f"{analysis_id}-{name}")
