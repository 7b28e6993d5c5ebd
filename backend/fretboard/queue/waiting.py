"""What waits for a model, in fair order: clients take turns, and within a client the first asked.

The broker's message says only "take the next one"; what is next is decided here, at that moment.
So a client's tenth job does not stand before another client's first, whoever sent first. A message
carries a ticket: delivered again after a worker was killed, it is given the same work again.
"""

import json
import threading
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel
from redis import Redis

INTERACTIVE, BATCH = "interactive", "batch"
LANES = (INTERACTIVE, BATCH)
BATCH_EVERY = 5  # every fifth turn begins with the batch lane, so that no image set waits for ever
DURATIONS_KEPT = 20
R = TypeVar("R")


class Work(BaseModel):
    """A piece of work: `id` is what a cancel names, `actor` and `args` what the worker runs.

    group: works of one may be taken together; "" stands alone. share: of the worker's memory.
    """

    id: str
    actor: str
    args: list[Any] = []
    group: str = ""
    share: float = 0.0


class Place(BaseModel):
    """Where a piece of work stands: 1 = next; seconds until its turn, once runs were measured."""

    position: int
    expected_seconds: float | None


class _Turn(BaseModel):
    """A client and its work in the order asked."""

    client: str
    works: list[Work]


class FairList(BaseModel):
    """Of one model: both lanes in the order of turns, what runs by ticket, recent durations (s)."""

    lanes: dict[str, list[_Turn]] = {INTERACTIVE: [], BATCH: []}
    taken: dict[str, list[Work]] = {}
    seconds: list[float] = []
    turns: int = 0

    def add(self, lane: str, client: str, work: Work) -> None:
        """Put it last among the client's own; once only, however often it is asked."""
        if any(work == other for turn in self.lanes[lane] for other in turn.works):
            return
        own = next((turn for turn in self.lanes[lane] if turn.client == client), None)
        if own is None:
            self.lanes[lane].append(_Turn(client=client, works=[work]))
        else:
            own.works.append(work)

    def take(self, ticket: str, most: int = 1) -> list[Work]:
        """The next work for this ticket, or what it was given before; none when nothing waits.

        With it come others of its group in fair order, up to `most` and to all of the memory.
        """
        if ticket in self.taken:
            return self.taken[ticket]
        self.turns += 1
        order = LANES if self.turns % BATCH_EVERY else LANES[::-1]
        lane = next((self.lanes[name] for name in order if self.lanes[name]), None)
        if lane is None:
            return []
        works = [_pop(lane, lane[0])]
        while works[0].group and len(works) < most:
            room = 1.0 - sum(work.share for work in works)
            turn = next((turn for turn in lane if _joins(turn.works[0], works[0], room)), None)
            if turn is None:
                break
            works.append(_pop(lane, turn))
        self.taken[ticket] = works
        return works

    def finish(self, ticket: str, seconds: float) -> None:
        """The ticket's work is done, after so many seconds."""
        works = self.taken.pop(ticket, None)
        if works is not None:
            self.seconds = [*self.seconds, seconds / len(works)][-DURATIONS_KEPT:]

    def remove(self, work_id: str) -> bool:
        """Take work off the list; False when none of that id waits."""
        before = self.length
        for lane, turns in self.lanes.items():
            for turn in turns:
                turn.works = [work for work in turn.works if work.id != work_id]
            self.lanes[lane] = [turn for turn in turns if turn.works]
        return self.length < before

    def knows(self, work_id: str) -> bool:
        """Whether work of that id waits or runs."""
        waiting = (work for turns in self.lanes.values() for turn in turns for work in turn.works)
        running = (work for works in self.taken.values() for work in works)
        return any(work.id == work_id for work in (*waiting, *running))

    def place(self, work_id: str, workers: int) -> Place | None:
        """Where work stands when so many workers take from the list; None when it does not wait."""
        ahead = 0
        for lane in LANES:
            found = _ahead(self.lanes[lane], work_id)
            if found is not None:
                return Place(
                    position=ahead + found + 1,
                    expected_seconds=self._expected(ahead + found, workers),
                )
            ahead += sum(len(turn.works) for turn in self.lanes[lane])
        return None

    @property
    def length(self) -> int:
        """How much waits."""
        return sum(len(turn.works) for turns in self.lanes.values() for turn in turns)

    def _expected(self, ahead: int, workers: int) -> float | None:
        if not self.seconds or not workers:
            return None
        typical = sum(self.seconds) / len(self.seconds)
        # Those that run are half done on average.
        running = sum(len(works) for works in self.taken.values())
        return typical * (ahead + running / 2) / workers


def _pop(lane: list[_Turn], turn: _Turn) -> Work:
    """The client's first work; its next turn comes after all others'."""
    work = turn.works.pop(0)
    lane.remove(turn)
    if turn.works:
        lane.append(turn)
    return work


def _joins(work: Work, first: Work, room: float) -> bool:
    return work.group == first.group and work.share <= room


def _ahead(turns: list[_Turn], work_id: str) -> int | None:
    """How many of a lane come before: of every other client as many as it has turns until then."""
    for row, turn in enumerate(turns):
        for index, work in enumerate(turn.works):
            if work.id == work_id:
                others = enumerate(turns)
                return index + sum(
                    min(len(other.works), index + (place < row))
                    for place, other in others
                    if place != row
                )
    return None


class Waiting(Protocol):
    """The fair lists of all models; `change` is atomic, `look` may be a moment old."""

    def change(self, model: str, act: Callable[[FairList], R]) -> R: ...
    def look(self, model: str) -> FairList: ...


class MemoryWaiting:
    """For one process: lists behind a lock."""

    def __init__(self) -> None:
        self._lists: dict[str, FairList] = {}
        self._lock = threading.Lock()

    def change(self, model: str, act: Callable[[FairList], R]) -> R:
        """Do something with the model's list, alone."""
        with self._lock:
            return act(self._lists.setdefault(model, FairList()))

    def look(self, model: str) -> FairList:
        """A copy."""
        return self.change(model, lambda fair: fair.model_copy(deep=True))


class RedisWaiting:
    """For several processes: one JSON value a model, changed by compare-and-set (WATCH)."""

    def __init__(self, client: Redis) -> None:
        self._client: Any = client

    def change(self, model: str, act: Callable[[FairList], R]) -> R:
        """Do something with the model's list; done afresh when another process came between."""

        def attempt(pipe: Any) -> R:
            fair = _parse(pipe.get(_key(model)))
            result = act(fair)
            pipe.multi()
            pipe.set(_key(model), fair.model_dump_json())
            return result

        return self._client.transaction(attempt, _key(model), value_from_callable=True)

    def look(self, model: str) -> FairList:
        """As it is now."""
        return _parse(self._client.get(_key(model)))


def _key(model: str) -> str:
    return f"fretboard:waiting:{model}"


def _parse(stored: bytes | None) -> FairList:
    return FairList() if stored is None else FairList.model_validate(json.loads(stored))
