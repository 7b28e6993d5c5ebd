"""What is missing of an analysis's record, and running it again to have it back."""

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from fretboard.core.analysis import Status
from fretboard.jobs.rerun import needs_run, run_again
from fretboard.jobs.services import Services
from fretboard.server.security.guard import client_of
from fretboard.store.analyses import IMAGE


class Missing(BaseModel):
    """Parts missing or damaged in the record: `image`, `arrays`, `hidden_states`."""

    missing: list[str]
    again: bool
    """Whether POST …/again can bring them back: it needs the image."""


class Started(BaseModel):
    """Answer to running an analysis again."""

    id: str
    status: Status
    url: str


def routes(services: Services) -> APIRouter:
    """The router, bound to this process's services."""
    router = APIRouter(prefix="/api/analyses", tags=["analyses"])

    @router.get("/{analysis_id}/missing")
    def missing(analysis_id: str) -> Missing:
        """Which parts of the record the store has lost, or holds damaged."""
        parts = services.store.lost_parts(services.store.read(analysis_id))
        return Missing(missing=parts, again=IMAGE not in parts)

    @router.post("/{analysis_id}/again", status_code=202, responses={200: {"model": Started}})
    def again(analysis_id: str, request: Request, response: Response) -> Started:
        """Run an analysis again that failed, stands still or lost a part; 200: no need to."""
        analysis = services.store.read(analysis_id)
        if needs_run(services, analysis):
            analysis = run_again(services, analysis, client_of(request))
        else:
            response.status_code = 200
        return Started(id=analysis.id, status=analysis.status, url=f"/a/{analysis.id}")

    return router
