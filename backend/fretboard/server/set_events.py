"""`text/event-stream` of an image set: what its members' own events say, counted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, suppress
from functools import partial

from fastapi.concurrency import run_in_threadpool
from fastapi.sse import ServerSentEvent

from fretboard.analysis.image_sets import WAITING, view
from fretboard.core.analysis import Status
from fretboard.core.errors import NotFound
from fretboard.core.image_set import ImageSet
from fretboard.jobs.services import Services

# Events wake who follows; so often all are looked at without: for those that were lost.
LOOK_SECONDS = 5.0
PAUSE_SECONDS = 0.2  # after a look: an answer's tokens come faster than anyone counts


class _Members:
    """How each member stands; only those that something happened to are read again."""

    def __init__(self, services: Services, image_set: ImageSet) -> None:
        self._services, self._image_set = services, image_set
        self.status: dict[str, Status] = {
            member.analysis_id: Status.QUEUED
            for member in image_set.members
            if member.analysis_id is not None
        }
        self._refused = len(image_set.members) - len(self.status)
        self.touched = set(self.status)

    def look(self) -> dict[str, object]:
        """The set in numbers."""
        touched, self.touched = self.touched, set()
        for analysis_id in touched & set(self.waiting):
            try:
                self.status[analysis_id] = self._services.store.read(analysis_id).status
            except NotFound:  # deleted
                self.status[analysis_id] = Status.FAILED
        counts = list(self.status.values())
        return {
            "status": "running" if self.waiting else self._ended(),
            "done": counts.count(Status.DONE),
            "failed": counts.count(Status.FAILED) + self._refused,
            "total": len(self._image_set.members),
        }

    @property
    def waiting(self) -> list[str]:
        """Those that wait or run."""
        return [member for member, status in self.status.items() if status in WAITING]

    def _ended(self) -> str:
        return view(self._services.store, self._image_set).status


async def follow_set(services: Services, image_set: ImageSet) -> AsyncIterator[ServerSentEvent]:
    """`status` with how many images are done and failed, then `done` or `failed`."""
    members = _Members(services, image_set)
    woken, loop = asyncio.Event(), asyncio.get_running_loop()

    def wake(member: str) -> None:
        members.touched.add(member)
        with suppress(RuntimeError):  # the server stops: nobody is left to wake
            loop.call_soon_threadsafe(woken.set)

    with ExitStack() as following:
        for member in members.status:
            listen = await run_in_threadpool(services.bus.follow, member, partial(wake, member))
            following.enter_context(listen)
        last = None
        while not services.stopping.is_set():
            woken.clear()
            counts = await run_in_threadpool(members.look)
            if counts != last:
                yield ServerSentEvent(event="status", data=counts)
                last = counts
            if not members.waiting:
                yield ServerSentEvent(event=str(counts["status"]), data={"id": image_set.id})
                return
            await asyncio.sleep(PAUSE_SECONDS)
            with suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), LOOK_SECONDS)
                continue
            members.touched = set(members.status)
