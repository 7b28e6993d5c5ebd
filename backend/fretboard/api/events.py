"""`text/event-stream` of an analysis or a causal test. Reconnecting loses nothing."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass

from fastapi.concurrency import run_in_threadpool
from fastapi.sse import ServerSentEvent

from fretboard.causal import Experiment
from fretboard.document import Analysis, Status, problem_of, token_event
from fretboard.errors import NotFound
from fretboard.queue.bus import START, Event
from fretboard.services import Services

# The bus wakes who follows; so often they look without: for events that were lost, a new place.
LOOK_SECONDS = 1.0
TERMINAL = ("done", "failed")
WAITING = {
    "ready": "Waiting for its turn.",
    "loading": "Waiting for the model to load.",
    "failed": "Waiting for the model, which could not be loaded.",
}
OVER = (Status.DONE, Status.FAILED)


@dataclass(frozen=True)
class Story:
    """What is followed: its topic on the bus, how it stands, and how it ended.

    status: the event that says whether it waits, and where, or runs. ended: the events that the
    record tells once it is over, None before. Both are asked in a thread.
    """

    topic: str
    status: Callable[[], Event]
    ended: Callable[[], list[Event] | None]


def of_analysis(services: Services, analysis: Analysis) -> Story:
    """An analysis: `status`, `token`, then `done` or `failed`."""

    def ended() -> list[Event] | None:
        current = services.store.read(analysis.id)
        if current.status not in OVER:
            return None
        tokens: list[Event] = [token_event(token) for token in current.tokens]
        return [{"type": "status", "status": current.status}, *tokens, _last(current)]

    longest = {"max_new_tokens": analysis.request.max_new_tokens}
    return Story(analysis.id, lambda: _status(services, analysis) | longest, ended)


def of_experiment(services: Services, experiment: Experiment) -> Story:
    """A causal test: `status`, `progress`, then `done` or `failed`."""

    def ended() -> list[Event] | None:
        current = services.experiments.read(experiment.id)
        if current.status not in OVER:
            return None
        return [{"type": "status", "status": current.status}, _last(current)]

    return Story(experiment.id, lambda: _status(services, experiment), ended)


async def follow(
    services: Services, story: Story, after: str | None
) -> AsyncIterator[ServerSentEvent]:
    """Events after the position `after` (a Last-Event-ID), to the end of the story."""
    woken, loop = asyncio.Event(), asyncio.get_running_loop()

    def wake() -> None:
        with suppress(RuntimeError):  # the server stops: nobody is left to wake
            loop.call_soon_threadsafe(woken.set)

    with await run_in_threadpool(services.bus.follow, story.topic, wake):
        position, status = after or START, None
        while (told := await run_in_threadpool(_ended, story)) is None:
            if status is None or position == START:  # until it begins, its place may change
                now = await run_in_threadpool(story.status)
                if now != status:
                    yield _as_sse(now, None)
                status = now
            checked = time.monotonic()
            if services.stopping.is_set():  # the browser comes again, with what it has read
                return
            while time.monotonic() - checked < LOOK_SECONDS:
                woken.clear()
                fresh = await run_in_threadpool(services.bus.read, story.topic, position)
                for position, event in fresh:
                    yield _as_sse(event, position)
                    if event["type"] in TERMINAL:
                        return
                with suppress(TimeoutError):
                    await asyncio.wait_for(woken.wait(), LOOK_SECONDS)
    for event in told:
        yield _as_sse(event, None)


def _ended(story: Story) -> list[Event] | None:
    """A record that was deleted has ended too."""
    try:
        return story.ended()
    except NotFound as error:
        return [{"type": "failed", **problem_of(error).model_dump()}]


def _status(services: Services, document: Analysis | Experiment) -> Event:
    status: Event = {"type": "status", "status": document.status}
    if document.status != Status.QUEUED:
        return status | {"message": "The model is at work."}
    state = services.bus.announced().get(document.model.name, {}).get("state", "")
    place = services.jobs.place(document)
    if place is not None and state == "ready":
        return status | {"message": WAITING[state]} | place.model_dump()
    return status | {"message": WAITING.get(state, services.unserved)}


def _last(document: Analysis | Experiment) -> Event:
    if document.error is not None:
        return {"type": "failed", **document.error.model_dump()}
    return {"type": "done", "id": document.id}


def _as_sse(event: Event, position: str | None) -> ServerSentEvent:
    data = {key: value for key, value in event.items() if key != "type"}
    return ServerSentEvent(event=event["type"], data=data, id=position)
