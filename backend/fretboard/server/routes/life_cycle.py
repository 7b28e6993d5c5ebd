"""The routes that answers, causal tests and image sets share: delete, cancel, again, events."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Generic

from fastapi import APIRouter, Depends, Header, Path, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel

from fretboard.core.analysis import Status
from fretboard.jobs.life_cycle import LifeCycle
from fretboard.jobs.services import Services
from fretboard.server.context import InServices
from fretboard.server.events import Story, follow
from fretboard.server.security.guard import client_of
from fretboard.store.records import D


class Accepted(BaseModel):
    """Answer to a new or known request."""

    id: str
    status: Status
    url: str


@dataclass(frozen=True)
class Resource(Generic[D]):
    """One kind of record under `url`; `parameter` is its id's name in a path."""

    life: Callable[[Services], LifeCycle[D]]
    url: str
    parameter: str
    page: Callable[[D], str]
    """Its permalink."""
    story: Callable[[Services, D], Story]
    deletes: str
    cancels: str
    follows: str
    """What DELETE, cancel and events do, for the API's document."""

    def accepted(self, services: Services, document: D) -> Accepted:
        """How it stands and where it is."""
        status = self.life(services).status(document)
        return Accepted(id=document.id, status=status, url=self.page(document))

    def entered(
        self, services: Services, response: Response, document: D, started: bool
    ) -> Accepted:
        """The answer to a POST: 202 where work was started, else 200."""
        response.status_code = 202 if started else 200
        response.headers["Location"] = f"{self.url}/{document.id}"
        return self.accepted(services, document)


def add_life_cycle(router: APIRouter, resource: Resource[Any]) -> None:
    """The shared routes of one kind of record."""
    url, record = f"{resource.url}/{{{resource.parameter}}}", Path(alias=resource.parameter)

    def known(services: InServices, record_id: str = record) -> Any:
        return resource.life(services).records.read(record_id)

    # A dependency, so that an unknown id is answered before a stream of events begins.
    chosen = Depends(known)

    @router.delete(url, status_code=204, description=resource.deletes)
    def delete(services: InServices, record_id: str = record) -> None:
        resource.life(services).erase(record_id)

    @router.post(f"{url}/cancel", status_code=202, description=resource.cancels)
    def cancel(services: InServices, document: Any = chosen) -> Accepted:
        resource.life(services).cancel(document)
        return resource.accepted(services, document)

    @router.get(f"{url}/events", response_class=EventSourceResponse, description=resource.follows)
    async def events(
        services: InServices,
        document: Any = chosen,
        last_event_id: Annotated[str | None, Header()] = None,
    ) -> AsyncIterator[ServerSentEvent]:
        async for event in follow(services, resource.story(services, document), last_event_id):
            yield event

    _add_again(router, resource, url, chosen)


def _add_again(router: APIRouter, resource: Resource[Any], url: str, chosen: Any) -> None:
    @router.post(f"{url}/again", status_code=202, responses={200: {"model": Accepted}})
    def again(
        request: Request, response: Response, services: InServices, document: Any = chosen
    ) -> Accepted:
        """Run it again where it failed, stands still or lost a part; 200: no need to.

        410 where the image that it needs is lost: ask again with the image.
        """
        life = resource.life(services)
        needed = life.needs_run(document)
        if needed:
            document = life.run_again(document, client_of(request))
        return resource.entered(services, response, document, needed)
