"""Maps that are being computed: how far they are, calling them off, their stability over seeds."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from fretboard.analysis.arrays import read_done
from fretboard.core.arrays import Derived, MapKind
from fretboard.core.map_settings import MapQuery
from fretboard.jobs.compute import MapProgress
from fretboard.jobs.services import Services
from fretboard.server.context import InArrays, InCompute, InServices

URL = "/api/analyses"
Find = Callable[[Services, str, MapKind, MapQuery, str | None], Derived]
"""(services, record id, kind, settings, token position) → what is computed."""
router = APIRouter(tags=["maps"])


class MapStability(BaseModel):
    """Procrustes disparities, in [0, 1], of maps with other seeds against the first; 0: equal."""

    seeds: int
    mean: float
    spread: float


def add_progress(router: APIRouter, url: str, find: Find) -> None:
    """`GET` and `DELETE` `<url>/{id}/maps/{kind}` with the query of the figure."""

    @router.get(f"{url}/{{record_id}}/maps/{{kind}}")
    def progress(
        record_id: str,
        kind: MapKind,
        settings: Annotated[MapQuery, Query()],
        services: InServices,
        compute: InCompute,
        token: str | None = None,
    ) -> MapProgress:
        """How far the map is that someone waits for."""
        return compute.progress(record_id, find(services, record_id, kind, settings, token))

    @router.delete(f"{url}/{{record_id}}/maps/{{kind}}", status_code=204, response_class=Response)
    def cancel(
        record_id: str,
        kind: MapKind,
        settings: Annotated[MapQuery, Query()],
        services: InServices,
        compute: InCompute,
        token: str | None = None,
    ) -> None:
        """Call the computation off, for everyone who waits for it."""
        compute.cancel(record_id, find(services, record_id, kind, settings, token))


def _map_of(
    services: Services, analysis_id: str, kind: MapKind, settings: MapQuery, _token: str | None
) -> Derived:
    read_done(services.store, analysis_id)
    return Derived(kind, settings=settings.of("tokens").text)


add_progress(router, URL, _map_of)


@router.get(f"{URL}/{{record_id}}/stability")
def stability(
    record_id: str, settings: Annotated[MapQuery, Query()], services: InServices, arrays: InArrays
) -> MapStability:
    """How much the map changes with the seed: several fits, so it takes its time."""
    analysis = services.store.read(record_id)
    _, note = arrays.map(analysis, "stability", settings.of("tokens"), "disparities")
    return MapStability(**note)
