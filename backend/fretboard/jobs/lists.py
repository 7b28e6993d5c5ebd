"""Where the fair lists are kept: in this process, or in Redis for several."""

import json
import threading
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from redis import Redis

from fretboard.jobs.fair_list import FairList

MODELS = "fretboard:waiting"  # whose lists there are
R = TypeVar("R")


class Waiting(Protocol):
    """The fair lists of all models; `change` is atomic, `look` may be a moment old."""

    def change(self, model: str, act: Callable[[FairList], R]) -> R: ...
    def look(self, model: str) -> FairList: ...
    def models(self) -> list[str]: ...


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

    def models(self) -> list[str]:
        """Those with a list."""
        with self._lock:
            return sorted(self._lists)


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
            pipe.sadd(MODELS, model)
            return result

        return self._client.transaction(attempt, _key(model), value_from_callable=True)

    def look(self, model: str) -> FairList:
        """As it is now."""
        return _parse(self._client.get(_key(model)))

    def models(self) -> list[str]:
        """Those with a list."""
        return sorted(model.decode() for model in self._client.smembers(MODELS))


def _key(model: str) -> str:
    return f"fretboard:waiting:{model}"


def _parse(stored: bytes | None) -> FairList:
    return FairList() if stored is None else FairList.model_validate(json.loads(stored))
