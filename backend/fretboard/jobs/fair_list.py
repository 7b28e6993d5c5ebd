"""A queue in fair order: clients take turns, and within a client the first asked.

What is next is decided when a worker takes it, so that a client's tenth job does not stand before
another client's first, whoever sent first. What a worker took stays noted under the worker's name
until it is finished or given back: a worker that dies loses nothing.
"""

import time
from typing import Any

from pydantic import BaseModel

INTERACTIVE, BATCH = "interactive", "batch"
LANES = (INTERACTIVE, BATCH)
BATCH_EVERY = 5  # every fifth turn begins with the batch lane, so that no image set waits for ever
DURATIONS_KEPT = 20


class Work(BaseModel):
    """A piece of work: `id` is what a cancel names, `actor` and `args` what the worker runs.

    group: works of one may be taken together; "" stands alone. share: of the worker's memory.
    lane, client, since (s since the epoch): how it came onto the list, noted there. deaths: how
    many workers died while they had it.
    """

    id: str
    actor: str
    args: list[Any] = []
    group: str = ""
    share: float = 0.0
    lane: str = INTERACTIVE
    client: str = ""
    since: float = 0.0
    deaths: int = 0


class Place(BaseModel):
    """Where a piece of work stands: 1 = next; seconds until its turn, once runs were measured."""

    position: int
    expected_seconds: float | None


class _Turn(BaseModel):
    """A client and its work in the order asked."""

    client: str
    works: list[Work]


class FairList(BaseModel):
    """Both lanes in the order of turns, what runs by worker, recent durations (s)."""

    lanes: dict[str, list[_Turn]] = {INTERACTIVE: [], BATCH: []}
    taken: dict[str, list[Work]] = {}
    seconds: list[float] = []
    turns: int = 0

    def add(self, lane: str, client: str, work: Work) -> None:
        """Put it last among the client's own; once only, however often it is asked."""
        if any(_same(work, other) for turn in self.lanes[lane] for other in turn.works):
            return
        work = work.model_copy(update={"lane": lane, "client": client, "since": time.time()})
        own = next((turn for turn in self.lanes[lane] if turn.client == client), None)
        if own is None:
            self.lanes[lane].append(_Turn(client=client, works=[work]))
        else:
            own.works.append(work)

    def take(self, worker: str, most: int = 1) -> list[Work]:
        """The next work for this worker, or what it has taken already; none when nothing waits.

        With it come others of its group in fair order, up to `most` and to all of the memory.
        """
        if worker in self.taken:  # asked again, because the answer did not arrive
            return self.taken[worker]
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
        self.taken[worker] = works
        return works

    def hold(self, worker: str, works: list[Work]) -> None:
        """Note again what a worker runs, where that was lost or given back and nobody has it."""
        others = {work.id for works in self.taken.values() for work in works}
        mine = [work for work in works if work.id not in others]
        for work in mine:
            self.remove(work.id)
        if mine:
            self.taken[worker] = mine

    def finish(self, worker: str, seconds: float) -> None:
        """What the worker took is done, after so many seconds."""
        works = self.taken.pop(worker, None)
        if works:
            self.seconds = [*self.seconds, seconds / len(works)][-DURATIONS_KEPT:]

    def give_back(self, worker: str, died: bool = False) -> int:
        """What it took goes to the front again, each in its lane; returns how much it was.

        died: the worker. Each then stands alone, so that the one that kills is found.
        """
        works = self.taken.pop(worker, [])
        for work in reversed(works):
            lane = self.lanes[work.lane]
            own = [waiting for turn in lane if turn.client == work.client for waiting in turn.works]
            lane[:] = [turn for turn in lane if turn.client != work.client]
            blamed = {"deaths": work.deaths + 1, "group": ""} if died else {}
            again = work.model_copy(update={"since": time.time(), **blamed})
            lane.insert(0, _Turn(client=work.client, works=[again, *own]))
        return len(works)

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
            before = _ahead(self.lanes[lane], work_id)
            if before is not None:
                return Place(
                    position=ahead + before + 1,
                    expected_seconds=self._expected(ahead + before, workers),
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


def _same(left: Work, right: Work) -> bool:
    return (left.id, left.actor, left.args) == (right.id, right.actor, right.args)


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
