"""The routes that answers, causal tests and image sets share: delete, cancel, again, events."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Generic

from fastapi import APIRouter, Depends, Header, Path, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel

from fretboard.core.analysis import Status
from fretboard.jobs.life_cycle import LifeCycle
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

    life: LifeCycle[D]
    url: str
    parameter: str
    page: Callable[[D], str]
    """Its permalink."""
    story: Callable[[D], Story]
    deletes: str
    cancels: str
    follows: str
    """What DELETE, cancel and events do, for the API's document."""

    def accepted(self, document: D) -> Accepted:
        """How it stands and where it is."""
        url = self.page(document)
        return Accepted(id=document.id, status=self.life.status(document), url=url)

    def entered(self, response: Response, document: D, started: bool) -> Accepted:
        """The answer to a POST: 202 where work was started, else 200."""
        response.status_code = 202 if started else 200
        response.headers["Location"] = f"{self.url}/{document.id}"
        return self.accepted(document)


def add_life_cycle(router: APIRouter, resource: Resource[Any]) -> None:
    """The shared routes of one kind of record."""
    life, url = resource.life, f"{resource.url}/{{{resource.parameter}}}"
    record = Path(alias=resource.parameter)

    def known(record_id: str = record) -> Any:
        return life.records.read(record_id)

    @router.delete(url, status_code=204, description=resource.deletes)
    def delete(record_id: str = record) -> None:
        life.erase(record_id)

    @router.post(f"{url}/cancel", status_code=202, description=resource.cancels)
    def cancel(record_id: str = record) -> Accepted:
        document = known(record_id)
        life.cancel(document)
        return resource.accepted(document)

    @router.post(f"{url}/again", status_code=202, responses={200: {"model": Accepted}})
    def again(request: Request, response: Response, record_id: str = record) -> Accepted:
        """Run it again where it failed, stands still or lost a part; 200: no need to.

        410 where the image that it needs is lost: ask again with the image.
        """
        document = known(record_id)
        needed = life.needs_run(document)
        if needed:
            document = life.run_again(document, client_of(request))
        return resource.entered(response, document, needed)

    @router.get(f"{url}/events", response_class=EventSourceResponse, description=resource.follows)
    async def events(
        # A dependency, so that an unknown id is answered before the stream begins.
        document: Annotated[Any, Depends(known)],
        last_event_id: Annotated[str | None, Header()] = None,
    ) -> AsyncIterator[ServerSentEvent]:
        story = resource.story(document)
        async for event in follow(life.services, story, last_event_id):
            yield event
