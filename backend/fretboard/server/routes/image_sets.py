"""Routes of `/api/trajectories`: image sets, their maps and dispersion."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response

from fretboard.analysis.export.image_sets import SetExport
from fretboard.analysis.figure_options import SetFigureOptions
from fretboard.analysis.image_sets import aligned_members, derived_of_set, states_at, view
from fretboard.core.arrays import Derived, MapKind
from fretboard.core.errors import NotFinished, NotFound
from fretboard.core.image_set import ImageSet, SetView
from fretboard.core.map_settings import MapQuery
from fretboard.core.reading import Reading
from fretboard.jobs.life_cycle import ImageSetLife
from fretboard.jobs.services import Services
from fretboard.jobs.submit_set import SetQuestion, submit_set
from fretboard.server.attachments import FigureFormat, figure_as, npy
from fretboard.server.context import InArrays, InServices, InSource
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
router = APIRouter(tags=["image sets"])
sets = Resource(
    life=ImageSetLife,
    url=URL,
    parameter="set_id",
    page=lambda image_set: f"/t/{image_set.id}",
    story=of_set,
    deletes="Remove the set and its maps. Its analyses stay, each with its own permalink, "
    "except those of a private set: they go too.",
    cancels="Stop the members that wait or run.",
    follows="Follow a set: `status` with how many images are done and failed, then `done`.",
)
add_life_cycle(router, sets)


def _map_of(
    services: Services, set_id: str, kind: MapKind, settings: MapQuery, token: str | None
) -> Derived:
    image_set, role = _role(services, set_id, token)
    return derived_of_set(services.store, image_set, role, kind, settings.of("images"))


add_progress(router, URL, _map_of)


def _role(services: Services, set_id: str, token: str | None) -> tuple[ImageSet, str]:
    image_set = services.sets.read(set_id)
    return image_set, token or image_set.request.token


@router.post(URL, status_code=202, responses={200: {"model": Accepted}})
def create(
    request: Request,
    response: Response,
    form: Annotated[ImageSetForm, Form(media_type=MULTIPART)],
    reading: Annotated[Reading, Query()],
    services: InServices,
    arrays: InArrays,
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
    entered = submit_set(services, set_question, client_of(request))
    return sets.entered(services, response, *entered)


@router.get(f"{URL}/{{set_id}}")
def document(set_id: str, services: InServices, token: str | None = None) -> SetView:
    """The set as it stands, with the token chosen in each answer."""
    image_set, role = _role(services, set_id, token)
    return view(services.store, image_set, role)


@router.get(f"{URL}/{{set_id}}/arrays/{{name}}", response_class=Response)
def array(
    set_id: str,
    name: str,
    settings: Annotated[MapQuery, Query()],
    services: InServices,
    arrays: InArrays,
    token: str | None = None,
) -> Response:
    """`.npy`: `hidden_states` (depth, image, width), `points` (depth, image, dimension),

    `profile` (depth) of the dispersion, its `control` (shuffle), `disparities` (seed).
    """
    image_set, role = finished_set(services, set_id, token)
    if name == HIDDEN_STATES:
        values = states_at(services.store, aligned_members(services.store, image_set, role))
    elif name in MAP_ARRAYS:
        chosen = settings.of("images")
        values, _ = arrays.map_of_set(image_set, role, MAP_ARRAYS[name], chosen, name)
    else:
        known = ", ".join([HIDDEN_STATES, *MAP_ARRAYS])
        raise NotFound(f"There is no array {name!r}; there are {known}.")
    return npy(values, f"{set_id}-{name}")


@router.get(f"{URL}/{{set_id}}/figures/{{name}}", response_class=Response)
def figure(
    request: Request,
    set_id: str,
    name: str,
    options: Annotated[SetFigureOptions, Query()],
    settings: Annotated[MapQuery, Query()],
    services: InServices,
    source: InSource,
    token: str | None = None,
    format: FigureFormat = "json",
) -> Response:
    """Plotly JSON of `trajectory`, `perplexities` or `dispersion`; its numbers, its Python."""
    record = SetExport(source, *finished_set(services, set_id, token), settings)
    return figure_as(record.draw(name, options), format, record, request)


@router.get(f"{URL}/{{set_id}}/stability")
def stability(
    set_id: str,
    settings: Annotated[MapQuery, Query()],
    services: InServices,
    arrays: InArrays,
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
