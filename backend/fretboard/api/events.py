"""`text/event-stream` of one analysis: status, token, done, failed. Reconnecting loses nothing."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from fastapi.concurrency import run_in_threadpool
from fastapi.sse import ServerSentEvent

from fretboard.document import Analysis, Status, token_event
from fretboard.queue.bus import START
from fretboard.services import Services

POLL_SECONDS = 0.05
RECHECK_SECONDS = 1.0  # how often the record is asked, in case events were lost
TERMINAL = ("done", "failed")


async def stream(
    services: Services, analysis: Analysis, after: str | None
) -> AsyncIterator[ServerSentEvent]:
    """Events after the position `after` (a Last-Event-ID), to the end of the analysis."""
    if analysis.status in (Status.DONE, Status.FAILED):
        for told in _told_from_record(analysis):
            yield told
        return
    yield _as_sse(_status(services, analysis), None)
    position, checked = after or START, time.monotonic()
    while True:
        fresh = await run_in_threadpool(services.bus.read, analysis.id, position)
        for position, event in fresh:
            yield _as_sse(event, position)
            if event["type"] in TERMINAL:
                return
        if time.monotonic() - checked > RECHECK_SECONDS:
            checked = time.monotonic()
            current = await run_in_threadpool(services.store.read, analysis.id)
            if current.status in (Status.DONE, Status.FAILED):
                for told in _told_from_record(current):
                    yield told
                return
        await asyncio.sleep(POLL_SECONDS)


def _status(services: Services, analysis: Analysis) -> dict[str, Any]:
    state = services.bus.announced().get(analysis.model.name, {}).get("state", "loading")
    waiting = "Waiting for its turn." if state == "ready" else "Waiting for the model to load."
    return {
        "type": "status",
        "status": analysis.status,
        "message": waiting if analysis.status == Status.QUEUED else "The model is at work.",
        "max_new_tokens": analysis.request.max_new_tokens,
    }


def _told_from_record(analysis: Analysis) -> list[ServerSentEvent]:
    """The same events, from a finished document."""
    events: list[dict[str, Any]] = [{"type": "status", "status": analysis.status}]
    events += [token_event(token) for token in analysis.tokens]
    if analysis.error is not None:
        events.append({"type": "failed", **analysis.error.model_dump()})
    else:
        events.append({"type": "done", "id": analysis.id})
    return [_as_sse(event, None) for event in events]


def _as_sse(event: dict[str, Any], position: str | None) -> ServerSentEvent:
    data = {key: value for key, value in event.items() if key != "type"}
    return ServerSentEvent(event=event["type"], data=data, id=position)
