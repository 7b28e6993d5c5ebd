"""Routes of `/api/trajectories`: image sets, their maps and dispersion."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response

from fretboard.analysis.arrays import Arrays
from fretboard.analysis.export.image_sets import SetExport
from fretboard.analysis.figure_options import SetFigureOptions
from fretboard.analysis.figures import Figures
from fretboard.analysis.image_sets import aligned_members, derived_of_set, states_at, view
from fretboard.analysis.source import StoredSource
from fretboard.core.arrays import Derived, MapKind
from fretboard.core.errors import NotFinished, NotFound
from fretboard.core.image_set import ImageSet, SetView
from fretboard.core.map_settings import MapQuery
from fretboard.core.reading import Reading
from fretboard.jobs.compute import QueueCompute
from fretboard.jobs.lives import ImageSetLife
from fretboard.jobs.services import Services
from fretboard.jobs.submit_set import SetQuestion, submit_set
from fretboard.server.attachments import FigureFormat, figure_as, npy
from fretboard.server.events import of_set
from fretboard.server.forms import MULTIPART, ImageSetForm
from fretboard.server.routes.analyses import settled
from fretboard.server.routes.life_cycle import Accepted, Resource, add_life_cycle
from fretboard.server.routes.maps import MapStability, add_progress
from fretboard.server.security.guard import client_of
from fretboard.store.analyses import HIDDEN_STATES

URL = "/api/trajectories"
MAP_ARRAYS: dict[str, MapKind] = {
    "points": "trajectory",
    "profile": "dispersion",
    "control": "dispersion",
    "disparities": "stability",
}


def routes(services: Services, compute: QueueCompute, arrays: Arrays) -> APIRouter:
    """The router, bound to this process's services."""
    router = APIRouter(tags=["image sets"])
    sets = Resource(
        life=ImageSetLife(services),
        url=URL,
        parameter="set_id",
        page=lambda image_set: f"/t/{image_set.id}",
        story=partial(of_set, services),
        deletes="Remove the set and its maps. Its analyses stay, each with its own permalink, "
        "except those of a private set: they go too.",
        cancels="Stop the members that wait or run.",
        follows="Follow a set: `status` with how many images are done and failed, then `done`.",
    )
    _add_creation(router, services, arrays, sets)
    add_life_cycle(router, sets)
    _add_document(router, services)
    _add_arrays(router, services, arrays)
    _add_figures(router, services, arrays)

    def find(set_id: str, kind: MapKind, settings: MapQuery, token: str | None) -> Derived:
        image_set, role = _role(services, set_id, token)
        chosen = settings.of("images")
        return derived_of_set(services.store, image_set, role, kind, chosen)

    add_progress(router, URL, compute, find)
    return router


def _role(services: Services, set_id: str, token: str | None) -> tuple[ImageSet, str]:
    image_set = services.sets.read(set_id)
    return image_set, token or image_set.request.token


def _add_creation(
    router: APIRouter, services: Services, arrays: Arrays, sets: Resource[ImageSet]
) -> None:
    @router.post(URL, status_code=202, responses={200: {"model": Accepted}})
    def create(
        request: Request,
        response: Response,
        form: Annotated[ImageSetForm, Form(media_type=MULTIPART)],
        reading: Annotated[Reading, Query()],
    ) -> Accepted:
        """Analyse several images with one question, and align a token position over the answers.

        The images are uploads, `analysis` (ids), or `world` (a set of the bundled world). `token`
        is `first-difference`, `after:is`, `class:colour`, `words:red,blue` or an index. All else
        holds for each image. An image that cannot be used is named in the set and skipped.
        """
        question = settled(services, arrays, form.question(), reading)
        set_question = SetQuestion(
            question, form.token, form.uploads(), form.analysis, form.world or None
        )
        return sets.entered(response, *submit_set(services, set_question, client_of(request)))


def _add_document(router: APIRouter, services: Services) -> None:
    @router.get(f"{URL}/{{set_id}}")
    def document(set_id: str, token: str | None = None) -> SetView:
        """The set as it stands, with the token chosen in each answer."""
        image_set, role = _role(services, set_id, token)
        return view(services.store, image_set, role)


def _add_arrays(router: APIRouter, services: Services, arrays: Arrays) -> None:
    @router.get(f"{URL}/{{set_id}}/arrays/{{name}}", response_class=Response)
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

    @router.get(f"{URL}/{{set_id}}/figures/{{name}}", response_class=Response)
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

    @router.get(f"{URL}/{{set_id}}/stability")
    def stability(
        set_id: str,
        settings: Annotated[MapQuery, Query()],
        token: str | None = None,
    ) -> MapStability:
        """How much the map changes with the seed."""
        image_set, role = finished_set(services, set_id, token)
        chosen = settings.of("images")
        _, note = arrays.map_of_set(image_set, role, "stability", chosen, "disparities")
        return MapStability(**note)


def finished_set(services: Services, set_id: str, token: str | None) -> tuple[ImageSet, str]:
    """(the set, the token position that is compared). Raises NotFinished."""
    image_set, role = _role(services, set_id, token)
    if view(services.store, image_set, role).status == "running":
        raise NotFinished(f"The set is running; follow {URL}/{set_id}/events and ask again.")
    return image_set, role
