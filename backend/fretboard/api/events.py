"""`text/event-stream` of an analysis or a causal test. Reconnecting loses nothing."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from fastapi.concurrency import run_in_threadpool
from fastapi.sse import ServerSentEvent

from fretboard.causal import Experiment
from fretboard.document import Analysis, Status, problem_of, token_event
from fretboard.errors import NotFound
from fretboard.queue.bus import START, Event
from fretboard.services import Services

POLL_SECONDS = 0.05
RECHECK_SECONDS = 1.0  # how often the record is asked, in case events were lost
TERMINAL = ("done", "failed")
OVER = (Status.DONE, Status.FAILED)


@dataclass(frozen=True)
class Story:
    """What is followed: its topic on the bus, the first event, and how it ended.

    ended: the events that the record tells once it is over, None before; asked in a thread.
    """

    topic: str
    first: Event
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
    return Story(analysis.id, _status(services, analysis) | longest, ended)


def of_experiment(services: Services, experiment: Experiment) -> Story:
    """A causal test: `status`, `progress`, then `done` or `failed`."""

    def ended() -> list[Event] | None:
        current = services.experiments.read(experiment.id)
        if current.status not in OVER:
            return None
        return [{"type": "status", "status": current.status}, _last(current)]

    return Story(experiment.id, _status(services, experiment), ended)


async def follow(
    services: Services, story: Story, after: str | None
) -> AsyncIterator[ServerSentEvent]:
    """Events after the position `after` (a Last-Event-ID), to the end of the story."""
    told = await run_in_threadpool(_ended, story)
    if told is None:
        yield _as_sse(story.first, None)
    position, checked = after or START, time.monotonic()
    while told is None:
        fresh = await run_in_threadpool(services.bus.read, story.topic, position)
        for position, event in fresh:
            yield _as_sse(event, position)
            if event["type"] in TERMINAL:
                return
        await asyncio.sleep(POLL_SECONDS)
        if time.monotonic() - checked > RECHECK_SECONDS:
            checked = time.monotonic()
            told = await run_in_threadpool(_ended, story)
    for event in told:
        yield _as_sse(event, None)


def _ended(story: Story) -> list[Event] | None:
    """A record that was deleted has ended too."""
    try:
        return story.ended()
    except NotFound as error:
        return [{"type": "failed", **problem_of(error).model_dump()}]


def _status(services: Services, document: Analysis | Experiment) -> Event:
    state = services.bus.announced().get(document.model.name, {}).get("state", "loading")
    waiting = "Waiting for its turn." if state == "ready" else "Waiting for the model to load."
    return {
        "type": "status",
        "status": document.status,
        "message": waiting if document.status == Status.QUEUED else "The model is at work.",
    }


def _last(document: Analysis | Experiment) -> Event:
    if document.error is not None:
        return {"type": "failed", **document.error.model_dump()}
    return {"type": "done", "id": document.id}


def _as_sse(event: Event, position: str | None) -> ServerSentEvent:
    data = {key: value for key, value in event.items() if key != "type"}
    return ServerSentEvent(event=event["type"], data=data, id=position)
