"""Routes of `/api/trajectories`: image sets, their maps and dispersion."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel

from fretboard.analysis.arrays import Arrays
from fretboard.analysis.export.image_sets import SetExport
from fretboard.analysis.figure_options import SetFigureOptions
from fretboard.analysis.figures import Figures
from fretboard.analysis.image_sets import WAITING, aligned_members, derived_of_set, states_at, view
from fretboard.analysis.source import StoredSource
from fretboard.core.arrays import Derived, MapKind
from fretboard.core.errors import NotFinished, NotFound
from fretboard.core.image_set import ImageSet, SetView
from fretboard.core.map_settings import MapQuery
from fretboard.core.reading import Reading
from fretboard.jobs.compute import QueueCompute
from fretboard.jobs.delete import erase_set
from fretboard.jobs.services import Services
from fretboard.jobs.submit_set import SetQuestion, submit_set
from fretboard.server.attachments import FigureFormat, figure_as, npy
from fretboard.server.forms import MULTIPART, ImageSetForm
from fretboard.server.routes.analyses import settled
from fretboard.server.routes.maps import MapStability, add_progress
from fretboard.server.security.guard import client_of
from fretboard.server.set_events import follow_set
from fretboard.store.analyses import HIDDEN_STATES

MAP_ARRAYS: dict[str, MapKind] = {
    "points": "trajectory",
    "profile": "dispersion",
    "control": "dispersion",
    "disparities": "stability",
}


class AcceptedSet(BaseModel):
    """Answer to a new or known set."""

    id: str
    status: str
    url: str


def routes(services: Services, compute: QueueCompute, arrays: Arrays) -> APIRouter:
    """The router, bound to this process's services."""
    router = APIRouter(prefix="/api/trajectories", tags=["image sets"])
    _add_life_cycle(router, services, arrays)
    _add_events(router, services)
    _add_arrays(router, services, arrays)
    _add_figures(router, services, arrays)

    def find(set_id: str, kind: MapKind, settings: MapQuery, token: str | None) -> Derived:
        image_set, role = _role(services, set_id, token)
        chosen = settings.of("images")
        return derived_of_set(services.store, image_set, role, kind, chosen)

    add_progress(router, compute, find)
    return router


def _role(services: Services, set_id: str, token: str | None) -> tuple[ImageSet, str]:
    image_set = services.sets.read(set_id)
    return image_set, token or image_set.request.token


def _add_life_cycle(router: APIRouter, services: Services, arrays: Arrays) -> None:
    @router.post("", status_code=202, responses={200: {"model": AcceptedSet}})
    def create(
        request: Request,
        response: Response,
        form: Annotated[ImageSetForm, Form(media_type=MULTIPART)],
        reading: Annotated[Reading, Query()],
    ) -> AcceptedSet:
        """Analyse several images with one question, and align a token position over the answers."""
        question = settled(services, arrays, form.question(), reading)
        set_question = SetQuestion(
            question, form.token, form.uploads(), form.analysis, form.world or None
        )
        image_set, new = submit_set(services, set_question, client_of(request))
        response.status_code = 202 if new else 200
        response.headers["Location"] = f"/api/trajectories/{image_set.id}"
        status = view(services.store, image_set).status
        return AcceptedSet(id=image_set.id, status=status, url=f"/t/{image_set.id}")

    @router.get("/{set_id}")
    def document(set_id: str, token: str | None = None) -> SetView:
        """The set as it stands, with the token chosen in each answer."""
        image_set, role = _role(services, set_id, token)
        return view(services.store, image_set, role)

    @router.delete("/{set_id}", status_code=204, response_class=Response)
    def delete(set_id: str) -> None:
        """Remove the set and its maps. Its analyses stay, each with its own permalink, except
        those of a private set: they go too.
        """
        erase_set(services, set_id)

    @router.post("/{set_id}/cancel", status_code=202)
    def cancel(set_id: str) -> AcceptedSet:
        """Stop the members that wait or run."""
        shown = view(services.store, services.sets.read(set_id))
        if shown.status != "running":
            raise NotFinished(f"The set is {shown.status}; there is nothing to cancel.")
        for member in shown.members:
            if member.status in WAITING and member.analysis_id:
                services.cancel(services.store.read(member.analysis_id))
        return AcceptedSet(id=set_id, status=shown.status, url=f"/t/{set_id}")


def _add_events(router: APIRouter, services: Services) -> None:
    def known(set_id: str) -> ImageSet:
        return services.sets.read(set_id)

    @router.get("/{set_id}/events", response_class=EventSourceResponse)
    async def events(
        image_set: Annotated[ImageSet, Depends(known)],
    ) -> AsyncIterator[ServerSentEvent]:
        """Follow a set: `status` with how many images are done and failed, then `done`."""
        async for event in follow_set(services, image_set):
            yield event


def _add_arrays(router: APIRouter, services: Services, arrays: Arrays) -> None:
    @router.get("/{set_id}/arrays/{name}", response_class=Response)
    def array(
        set_id: str,
        name: str,
        settings: Annotated[MapQuery, Query()],
        token: str | None = None,
    ) -> Response:
        """`.npy`: `hidden_states` (depth, image, width), `points` (depth, image, dimension),

        `profile` (depth) of the dispersion, its `control` (shuffle), `disparities` (seed).
        """
        image_set, role = finished_set(services, set_id, token)
        if name == HIDDEN_STATES:
            members = aligned_members(services.store, image_set, role)
            values = states_at(services.store, members)
        elif name in MAP_ARRAYS:
            chosen = settings.of("images")
            values, _ = arrays.map_of_set(image_set, role, MAP_ARRAYS[name], chosen, name)
        else:
            known = ", ".join([HIDDEN_STATES, *MAP_ARRAYS])
            raise NotFound(f"There is no array {name!r}; there are {known}.")
        return npy(values, f"{set_id}-{name}")


def _add_figures(router: APIRouter, services: Services, arrays: Arrays) -> None:
    figures = Figures(arrays)

    @router.get("/{set_id}/figures/{name}", response_class=Response)
    def figure(
        request: Request,
        set_id: str,
        name: str,
        options: Annotated[SetFigureOptions, Query()],
        settings: Annotated[MapQuery, Query()],
        token: str | None = None,
        format: FigureFormat = "json",
    ) -> Response:
        """Plotly JSON of `trajectory`, `perplexities` or `dispersion`; its numbers, its Python."""
        image_set, role = finished_set(services, set_id, token)
        drawn = figures.draw_set(name, image_set, role, options, settings.of("images"))
        record = SetExport(StoredSource(arrays), image_set, role, settings)
        return figure_as(drawn, format, record, request)

    @router.get("/{set_id}/stability")
    def stability(
        set_id: str,
        settings: Annotated[MapQuery, Query()],
        token: str | None = None,
    ) -> MapStability:
        """How much the map changes with the seed."""
        image_set, role = finished_set(services, set_id, token)
        made_with = settings.of("images")
        _, note = arrays.map_of_set(image_set, role, "stability", made_with, "disparities")
        return MapStability(**note)


def finished_set(services: Services, set_id: str, token: str | None) -> tuple[ImageSet, str]:
    """(the set, the token position that is compared). Raises NotFinished."""
    image_set, role = _role(services, set_id, token)
    if view(services.store, image_set, role).status == "running":
        raise NotFinished(
            f"The set is running; follow /api/trajectories/{set_id}/events and ask again."
        )
    return image_set, role
