"""Where the queues are kept: in this process, or in Redis for several."""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from redis import Redis

from fretboard.jobs.fair_list import FairList

NAMES = "fretboard:waiting"  # which queues there are
R = TypeVar("R")


class Waiting:
    """All queues by name, behind a lock of this process.

    `change` is atomic, `look` may be a moment old.
    """

    def __init__(self) -> None:
        self._lists: dict[str, FairList] = {}
        self._lock = threading.Lock()

    def change(self, name: str, act: Callable[[FairList], R]) -> R:
        """Do something with that queue, alone."""
        with self._lock:
            return act(self._lists.setdefault(name, FairList()))

    def look(self, name: str) -> FairList:
        """A copy."""
        return self.change(name, lambda fair: fair.model_copy(deep=True))

    def names(self) -> list[str]:
        """Those that were ever used."""
        with self._lock:
            return sorted(self._lists)


class RedisWaiting(Waiting):
    """For several processes: one JSON value a queue, changed by compare-and-set (WATCH)."""

    def __init__(self, client: Redis) -> None:
        self._client: Any = client

    def change(self, name: str, act: Callable[[FairList], R]) -> R:
        """Do something with that queue; done afresh when another process came between."""

        def attempt(pipe: Any) -> R:
            fair = _parse(pipe.get(_key(name)))
            result = act(fair)
            pipe.multi()
            pipe.set(_key(name), fair.model_dump_json())
            pipe.sadd(NAMES, name)
            return result

        return self._client.transaction(attempt, _key(name), value_from_callable=True)

    def look(self, name: str) -> FairList:
        return _parse(self._client.get(_key(name)))

    def names(self) -> list[str]:
        return sorted(name.decode() for name in self._client.smembers(NAMES))


def _key(name: str) -> str:
    return f"fretboard:waiting:{name}"


def _parse(stored: bytes | None) -> FairList:
    return FairList() if stored is None else FairList.model_validate_json(stored)
