"""Maps that are being computed: how far they are, calling them off, their stability over seeds."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel

from fretboard.analysis.arrays import require_done
from fretboard.core.arrays import Derived, MapKind
from fretboard.jobs.array_reader import ArrayReader
from fretboard.jobs.compute import Computing
from fretboard.jobs.services import Services
from fretboard.server.queries import MapQuery, map_query

Find = Callable[[str, MapKind, MapQuery, str | None], tuple[str, Derived]]
"""(record id, kind, settings, token position) → (record id, what is computed)."""


class MapProgress(BaseModel):
    """Of a map; `running` false where nothing is being computed."""

    running: bool
    share: float = 0.0
    message: str = ""


class MapStability(BaseModel):
    """Procrustes disparities, in [0, 1], of maps with other seeds against the first; 0: equal."""

    seeds: int
    mean: float
    spread: float


def routes(services: Services, reader: ArrayReader, computing: Computing) -> APIRouter:
    """The routes of one answer's maps."""
    router = APIRouter(prefix="/api/analyses", tags=["maps"])

    def find(
        analysis_id: str, kind: MapKind, settings: MapQuery, _token: str | None
    ) -> tuple[str, Derived]:
        require_done(services.store.read(analysis_id))
        return analysis_id, Derived(kind, settings=settings("tokens").text)

    add_progress(router, computing, find)

    @router.get("/{record_id}/stability")
    def stability(
        record_id: str, settings: Annotated[MapQuery, Depends(map_query)]
    ) -> MapStability:
        """How much the map changes with the seed: several fits, so it takes its time."""
        analysis = services.store.read(record_id)
        return told(reader.map(analysis, "stability", settings("tokens"), "disparities"))

    return router


def told(found: tuple[Any, Any]) -> MapStability:
    """The note of a stability, as it is served."""
    return MapStability(**found[1])


def add_progress(router: APIRouter, computing: Computing, find: Find) -> None:
    """`GET` and `DELETE` `/{id}/maps/{kind}` with the query of the figure."""

    @router.get("/{record_id}/maps/{kind}")
    def progress(
        record_id: str,
        kind: MapKind,
        settings: Annotated[MapQuery, Depends(map_query)],
        token: str | None = None,
    ) -> MapProgress:
        """How far the map is that someone waits for."""
        now = computing.progress(*find(record_id, kind, settings, token))
        if now is None:
            return MapProgress(running=False)
        return MapProgress(running=True, share=now.share, message=now.message)

    @router.delete("/{record_id}/maps/{kind}", status_code=204, response_class=Response)
    def cancel(
        record_id: str,
        kind: MapKind,
        settings: Annotated[MapQuery, Depends(map_query)],
        token: str | None = None,
    ) -> None:
        """Call the computation off, for everyone who waits for it."""
        computing.cancel(*find(record_id, kind, settings, token))
