"""`text/event-stream` of an analysis, a causal test or an image set. Reconnecting loses nothing."""

import asyncio
import logging
import math
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import ExitStack, aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial

from fastapi.concurrency import run_in_threadpool
from fastapi.sse import ServerSentEvent
from redis.exceptions import RedisError

from fretboard.analysis.image_sets import standing
from fretboard.core.analysis import Analysis, Status, problem_of, token_event
from fretboard.core.causal_test import CausalTest
from fretboard.core.errors import NotFound, Unavailable
from fretboard.core.image_set import ImageSet
from fretboard.jobs.bus import START, Event
from fretboard.jobs.services import Services
from fretboard.store.analyses import AnalysisStore

log = logging.getLogger(__name__)
# The bus wakes who follows; so often they look without: for events that were lost, a new place.
LOOK_SECONDS = 1.0
LOOK_AT_ALL_SECONDS = 5.0  # the members of a set, for events that were lost
PAUSE_SECONDS = 0.2  # after a look at members: tokens come faster than anyone counts
AWAY = "Redis or the store does not answer; the stream goes on as soon as it does."
TERMINAL = ("done", "failed")
WAITING = {
    "ready": "Waiting for its turn.",
    "loading": "Waiting for the model to load.",
    "failed": "Waiting for the model, which could not be loaded.",
}


@dataclass(frozen=True)
class Story:
    """What is followed: its topic on the bus, how it stands, and how it ended.

    status: the event that says whether it waits, and where, or runs. ended: the events that the
    record tells once it is over, None before. Both are asked in a thread. parts: topics of what it
    is made of; `touched`, called in any thread, hears whose events came.
    """

    topic: str
    status: Callable[[], Event]
    ended: Callable[[], list[Event] | None]
    parts: Sequence[str] = ()
    touched: Callable[[str], None] = lambda _part: None


def of_run(services: Services, document: Analysis | CausalTest) -> Story:
    """`status`, `token` of an analysis or `progress` of a test, then `done` or `failed`."""

    def ended() -> list[Event] | None:
        current = services.records_of(document).read(document.id)
        if not current.status.over:
            return None
        told = map(token_event, current.tokens) if isinstance(current, Analysis) else ()
        return [{"type": "status", "status": current.status}, *told, _last(current)]

    return Story(document.id, lambda: _status(services, document), ended)


def of_set(services: Services, image_set: ImageSet) -> Story:
    """A set: `status` with how many images are done and failed, then `done` or `failed`."""
    members = Members(services.store, image_set)

    def ended() -> list[Event] | None:
        members.look()
        status = standing(members.statuses)
        if status == "running":
            return None
        return [members.count(), {"type": status, "id": image_set.id}]

    return Story(image_set.id, members.count, ended, list(members.by_id), members.touched.append)


class Members:
    """How each member of a set stands; only those that something happened to are read again."""

    def __init__(self, store: AnalysisStore, image_set: ImageSet) -> None:
        ids = [member.analysis_id for member in image_set.members]
        self._store, self._refused = store, ids.count(None)
        self.by_id = {analysis_id: Status.QUEUED for analysis_id in ids if analysis_id is not None}
        self.touched: deque[str] = deque()
        """Ids of members that something happened to; any thread may add one."""
        self._all_at = -math.inf

    @property
    def statuses(self) -> list[Status]:
        """Of all; a refused one has failed."""
        return [*self.by_id.values(), *[Status.FAILED] * self._refused]

    def look(self) -> None:
        """Read what was touched; now and then all that wait or run, for events that were lost."""
        touched = {self.touched.popleft() for _ in range(len(self.touched))}
        if time.monotonic() - self._all_at > LOOK_AT_ALL_SECONDS:
            touched, self._all_at = set(self.by_id), time.monotonic()
        for analysis_id in touched:
            if self.by_id[analysis_id].over:
                continue
            try:
                self.by_id[analysis_id] = self._store.read(analysis_id).status
            except NotFound:  # deleted
                self.by_id[analysis_id] = Status.FAILED

    def count(self) -> Event:
        """The set in numbers."""
        statuses = self.statuses
        done, failed = statuses.count(Status.DONE), statuses.count(Status.FAILED)
        counts = {"done": done, "failed": failed, "total": len(statuses)}
        return {"type": "status", "status": standing(statuses)} | counts


async def follow(
    services: Services, story: Story, after: str | None
) -> AsyncIterator[ServerSentEvent]:
    """Events after the position `after` (a Last-Event-ID), to the end of the story.

    A run that begins again on another worker tells its tokens again: each goes out once. While
    Redis or the store is away the stream stays open.
    """
    position, last, away = after or START, -1, False
    while True:
        try:
            async with aclosing(_events(services, story, position)) as events:
                async for event, at in events:
                    position, away = at or position, False
                    if event["type"] == "token":
                        if event["index"] <= last:
                            continue
                        last = event["index"]
                    yield _as_sse(event, at)
            return
        except (RedisError, Unavailable) as error:
            log.warning("the events of %s wait: %s", story.topic, error)
            if not away:
                status = Status.QUEUED if position == START else Status.RUNNING
                yield _as_sse({"type": "status", "status": status, "message": AWAY}, None)
            away = True
            await asyncio.sleep(LOOK_SECONDS)


async def _events(
    services: Services, story: Story, after: str
) -> AsyncGenerator[tuple[Event, str | None]]:
    """(event, its position on the bus) after a position, to the end. Raises RedisError."""
    async with _following(services, story) as woken:
        position, status = after, None
        while (ending := await run_in_threadpool(_ended, story)) is None:
            if status is None or position == START:  # until it begins, its place may change
                now = await run_in_threadpool(story.status)
                if now != status:
                    yield now, None
                status = now
            checked = time.monotonic()
            if services.stopping.is_set():  # the browser comes again, with what it has read
                return
            while time.monotonic() - checked < LOOK_SECONDS:
                woken.clear()
                fresh = await run_in_threadpool(services.bus.read, story.topic, position)
                for position, event in fresh:
                    yield event, position
                    if event["type"] in TERMINAL:
                        return
                with suppress(TimeoutError):
                    await asyncio.wait_for(woken.wait(), LOOK_SECONDS)
                if story.parts:  # their events are told from their records
                    await asyncio.sleep(PAUSE_SECONDS)
                    break
    for event in ending:
        yield event, None


@asynccontextmanager
async def _following(services: Services, story: Story) -> AsyncIterator[asyncio.Event]:
    """Set whenever something happened to the story or a part of it."""
    woken, loop = asyncio.Event(), asyncio.get_running_loop()

    def wake(topic: str) -> None:
        if topic != story.topic:
            story.touched(topic)
        with suppress(RuntimeError):  # the server stops: nobody is left to wake
            loop.call_soon_threadsafe(woken.set)

    with ExitStack() as topics:
        for topic in (story.topic, *story.parts):
            listen = await run_in_threadpool(services.bus.follow, topic, partial(wake, topic))
            topics.enter_context(listen)
        yield woken


def _ended(story: Story) -> list[Event] | None:
    """A record that was deleted has ended too."""
    try:
        return story.ended()
    except NotFound as error:
        return [{"type": "failed", **problem_of(error).model_dump()}]


def _status(services: Services, document: Analysis | CausalTest) -> Event:
    status: Event = {"type": "status", "status": document.status}
    if isinstance(document, Analysis):
        status["max_new_tokens"] = document.request.max_new_tokens
    if document.status != Status.QUEUED:
        return status | {"message": "The model is at work."}
    state = services.bus.announced().get(document.model.name, {}).get("state", "")
    place = services.jobs.place(document)
    if place is not None and state == "ready":
        return status | {"message": WAITING[state]} | place.model_dump()
    return status | {"message": WAITING.get(state, services.unserved)}


def _last(document: Analysis | CausalTest) -> Event:
    if document.error is not None:
        return {"type": "failed", **document.error.model_dump()}
    return {"type": "done", "id": document.id}


def _as_sse(event: Event, position: str | None) -> ServerSentEvent:
    data = {key: value for key, value in event.items() if key != "type"}
    return ServerSentEvent(event=event["type"], data=data, id=position)
