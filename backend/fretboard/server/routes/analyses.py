"""Routes of `/api/analyses`: create, read, follow, cancel, delete; its image and arrays."""

import io
from collections.abc import AsyncIterator
from typing import Annotated

import ml_dtypes
import numpy as np
from fastapi import APIRouter, Depends, File, Form, Header, Request, Response, UploadFile
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel

from fretboard.analysis.questions import Asked
from fretboard.core.analysis import Analysis, Status
from fretboard.core.errors import NotFinished
from fretboard.core.question import DEFAULT_NEW_TOKENS, Divergence, Lens, SkipWhen, new_salt
from fretboard.jobs.array_reader import ArrayReader
from fretboard.jobs.delete import erase_analysis
from fretboard.jobs.services import Services
from fretboard.jobs.submit import submit
from fretboard.server.events import follow, of_analysis
from fretboard.server.queries import StageQuery, Stager, stage_query
from fretboard.server.routes.interventions import chosen_layers
from fretboard.server.security.guard import client_of

NPY = "application/octet-stream"


class Accepted(BaseModel):
    """Answer to a new or known request."""

    id: str
    status: Status
    url: str


def routes(services: Services, reader: ArrayReader, stage: Stager) -> APIRouter:
    """The router, bound to this process's services."""
    router = APIRouter(prefix="/api/analyses", tags=["analyses"])
    _add_life_cycle(router, services, stage)
    _add_events(router, services)
    _add_arrays(router, services, reader)
    return router


def _add_life_cycle(router: APIRouter, services: Services, stage: Stager) -> None:
    @router.post("", status_code=202, responses={200: {"model": Accepted}})
    def create(
        request: Request,
        response: Response,
        prompt: Annotated[str, Form()],
        stages: Annotated[StageQuery, Depends(stage_query)],
        image: Annotated[UploadFile | None, File()] = None,
        model: Annotated[str | None, Form()] = None,
        max_new_tokens: Annotated[int, Form()] = DEFAULT_NEW_TOKENS,
        lens: Annotated[str, Form()] = Lens.NORMED.value,
        skip_layers: Annotated[str, Form()] = "",
        skip_when: Annotated[str, Form()] = SkipWhen.ALWAYS.value,
        preset_of: Annotated[str | None, Form()] = None,
        continuation: Annotated[str | None, Form()] = None,
        repair: Annotated[str, Form()] = "",
        private: Annotated[bool, Form()] = False,
    ) -> Accepted:
        """Analyse an image and a prompt. The same request again answers 200 and the same id.

        `skip_layers` may be a preset of the analysis `preset_of`, its stages found as asked.
        `repair` is one of `/api/repairs`, then its settings: `deco strength=0.6 depths=8-10`.
        `private` makes the id unguessable: the same request again is another analysis.
        """
        layers = chosen_layers(services, stage, skip_layers, preset_of, stages, model or None)
        data = image.file.read() if image is not None else None
        asked = Asked(
            prompt, data, model or None, max_new_tokens, lens, layers, continuation, skip_when,
            repair, new_salt() if private else None,
        )  # fmt: skip
        analysis, started = submit(services, asked, client=client_of(request))
        response.status_code = 202 if started else 200
        response.headers["Location"] = f"/api/analyses/{analysis.id}"
        return Accepted(id=analysis.id, status=analysis.status, url=f"/a/{analysis.id}")

    @router.get("/{analysis_id}", response_model_by_alias=True)
    def document(
        analysis_id: str,
        stages: Annotated[StageQuery, Depends(stage_query)],
        lens: Lens | None = None,
    ) -> Analysis:
        """The document, its stages found as asked; its arrays are under `/arrays`."""
        return stage(services.store.read(analysis_id), lens, stages)

    @router.delete("/{analysis_id}", status_code=204)
    def delete(analysis_id: str) -> None:
        """Remove all that is kept of it: record, image, causal tests, arrays, events."""
        erase_analysis(services, analysis_id)

    @router.post("/{analysis_id}/cancel", status_code=202)
    def cancel(analysis_id: str) -> Accepted:
        """Stop a queued or running analysis at its next token."""
        analysis = services.store.read(analysis_id)
        if analysis.status in (Status.DONE, Status.FAILED):
            raise NotFinished(f"The analysis is {analysis.status}; there is nothing to cancel.")
        services.cancel(analysis)
        return Accepted(id=analysis.id, status=analysis.status, url=f"/a/{analysis.id}")


def _add_events(router: APIRouter, services: Services) -> None:
    def known(analysis_id: str) -> Analysis:
        return services.store.read(analysis_id)

    @router.get("/{analysis_id}/events", response_class=EventSourceResponse)
    async def events(
        # A dependency, so that an unknown id is answered before the stream begins.
        analysis: Annotated[Analysis, Depends(known)],
        last_event_id: Annotated[str | None, Header()] = None,
    ) -> AsyncIterator[ServerSentEvent]:
        """Follow an analysis: `status`, `token` (as each is generated), `done`, `failed`."""
        story = of_analysis(services, analysis)
        async for event in follow(services, story, last_event_id):
            yield event


def _add_arrays(router: APIRouter, services: Services, reader: ArrayReader) -> None:
    store = services.store

    @router.get("/{analysis_id}/image", response_class=Response)
    def image(analysis_id: str) -> Response:
        """The upright image, as PNG."""
        return Response(store.read_image(analysis_id), media_type="image/png")

    @router.get("/{analysis_id}/arrays/{name}", response_class=Response)
    def array(
        analysis_id: str,
        name: str,
        lens: Lens | None = None,
        divergence: Divergence = Divergence.JSD,
    ) -> Response:
        """An array as numpy's `.npy`; see the catalogue in the docs for shapes and units."""
        values = reader.named(store.read(analysis_id), name, lens, divergence)
        return Response(
            to_npy(values),
            media_type=NPY,
            headers={"Content-Disposition": f'attachment; filename="{analysis_id}-{name}.npy"'},
        )


def to_npy(values: np.ndarray) -> bytes:
    """numpy's own format; bfloat16, which plain numpy cannot read, goes out as float32."""
    if values.dtype == np.dtype(ml_dtypes.bfloat16):
        values = values.astype(np.float32)
    buffer = io.BytesIO()
    np.save(buffer, values, allow_pickle=False)
    return buffer.getvalue()
