"""Progress events, cancel flags and model announcements; in this process, or through Redis."""

import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from redis import Redis

from fretboard.jobs.heartbeat import BEAT_SECONDS, LIFE_SECONDS, Event, by_model

TOPICS_KEPT = 1000  # of finished analyses; their events can be told from the document
EVENTS_KEPT = 5000  # per topic, above the largest answer
TOPIC_TTL_SECONDS = 24 * 3600
START = "0"  # reads from the first event
WAKE = "fretboard:wake"
WORKERS = "fretboard:workers"


class _Followers:
    """Who wants to be woken by which topic."""

    def __init__(self) -> None:
        self._wakes: dict[str, list[Callable[[], None]]] = {}
        self._lock = threading.Lock()

    @contextmanager
    def follow(self, topic: str, wake: Callable[[], None]) -> Iterator[None]:
        with self._lock:
            self._wakes.setdefault(topic, []).append(wake)
        try:
            yield
        finally:
            with self._lock:
                self._wakes[topic].remove(wake)
                if not self._wakes[topic]:
                    del self._wakes[topic]

    def wake(self, topic: str) -> None:
        with self._lock:
            wakes = list(self._wakes.get(topic, ()))
        for wake in wakes:
            wake()


class Bus:
    """In one process: topics are lists behind a lock, the oldest topics are dropped.

    `read` returns (position, event) pairs after a position; positions are opaque strings.
    """

    def __init__(self) -> None:
        self._followers = _Followers()
        self._topics: OrderedDict[str, list[Event]] = OrderedDict()
        self._flags: set[str] = set()
        self._facts: dict[str, Event] = {}
        self._lock = threading.Lock()

    def publish(self, topic: str, event: Event) -> None:
        """Append an event to a topic."""
        with self._lock:
            self._topics.setdefault(topic, []).append(event)
            while len(self._topics) > TOPICS_KEPT:
                self._topics.popitem(last=False)
        self._followers.wake(topic)

    def read(self, topic: str, after: str) -> list[tuple[str, Event]]:
        """Events after a position, `START` for all."""
        with self._lock:
            events = self._topics.get(topic, [])
            first = int(after)
            return [(str(i + 1), event) for i, event in enumerate(events[first:], first)]

    def clear(self, topic: str) -> None:
        """Forget a topic."""
        with self._lock:
            self._topics.pop(topic, None)

    def set_flag(self, name: str) -> None:
        """Raise a flag that any process can see."""
        self._flags.add(name)

    def clear_flag(self, name: str) -> None:
        """Lower it."""
        self._flags.discard(name)

    def clear_flags(self, prefix: str) -> None:
        """Lower all whose names begin so."""
        for name in [name for name in self._flags.copy() if name.startswith(prefix)]:
            self.clear_flag(name)

    def flag(self, name: str) -> bool:
        """Whether it is raised."""
        return name in self._flags

    def announce(self, worker: str, facts: Event) -> None:
        """State what a worker serves: its model's `name`, `revision`, `state`, …"""
        self._facts[worker] = facts

    def withdraw(self, worker: str) -> None:
        """The worker is gone."""
        self._facts.pop(worker, None)

    def facts(self) -> dict[str, Event]:
        """What each worker that lives said last."""
        return dict(self._facts)

    def announced(self) -> dict[str, Event]:
        """Facts by model name."""
        return by_model(self.facts().values())

    def facts_of(self, model: str) -> Event:
        """What its workers say at this moment; nothing where it has none."""
        return by_model(self.facts().values()).get(model, {})

    def follow(self, topic: str, wake: Callable[[], None]) -> AbstractContextManager[None]:
        """Inside: `wake` is called, in any thread, soon after each event of the topic."""
        return self._followers.follow(topic, wake)

    def wake(self, topic: str) -> None:
        """Wake its followers in every process, without an event."""
        self._followers.wake(topic)


class RedisBus(Bus):
    """For several processes: a Redis stream per topic, keys for flags, a key that ends per worker.

    One message per event on a channel wakes the followers in every process. A lost message costs
    a moment, no event: followers look by themselves now and then.
    """

    def __init__(self, client: Redis) -> None:
        super().__init__()
        self._client: Any = client
        self._listening = threading.Lock()
        self._known: tuple[float, dict[str, Event]] = (0.0, {})

    def publish(self, topic: str, event: Event) -> None:
        key = f"fretboard:events:{topic}"
        pipe = self._client.pipeline()
        pipe.xadd(key, {"event": json.dumps(event)}, maxlen=EVENTS_KEPT, approximate=True)
        pipe.expire(key, TOPIC_TTL_SECONDS)
        pipe.publish(WAKE, topic)
        pipe.execute()

    def follow(self, topic: str, wake: Callable[[], None]) -> AbstractContextManager[None]:
        if self._listening.acquire(blocking=False):  # once, and only where someone follows
            try:
                self._listen()
            except Exception:
                self._listening.release()
                raise
        return super().follow(topic, wake)

    def wake(self, topic: str) -> None:
        self._client.publish(WAKE, topic)

    def read(self, topic: str, after: str) -> list[tuple[str, Event]]:
        low = "-" if after == START else f"({after}"
        entries = self._client.xrange(f"fretboard:events:{topic}", min=low)
        return [(position.decode(), json.loads(entry[b"event"])) for position, entry in entries]

    def clear(self, topic: str) -> None:
        self._client.delete(f"fretboard:events:{topic}")

    def set_flag(self, name: str) -> None:
        self._client.set(f"fretboard:flag:{name}", 1, ex=TOPIC_TTL_SECONDS)

    def clear_flag(self, name: str) -> None:
        self._client.delete(f"fretboard:flag:{name}")

    def clear_flags(self, prefix: str) -> None:
        for key in self._client.scan_iter(f"fretboard:flag:{prefix}*", count=1000):
            self._client.delete(key)

    def flag(self, name: str) -> bool:
        return bool(self._client.exists(f"fretboard:flag:{name}"))

    def announce(self, worker: str, facts: Event) -> None:
        """State what a worker serves; forgotten after LIFE_SECONDS without another word."""
        pipe = self._client.pipeline()
        pipe.set(f"fretboard:worker:{worker}", json.dumps(facts), ex=LIFE_SECONDS)
        pipe.sadd(WORKERS, worker)
        pipe.execute()

    def withdraw(self, worker: str) -> None:
        self._client.delete(f"fretboard:worker:{worker}")
        self._client.srem(WORKERS, worker)

    def announced(self) -> dict[str, Event]:
        """Facts by model name, of the workers that live; at most half a beat old."""
        read_at, facts = self._known
        if time.monotonic() - read_at > BEAT_SECONDS / 2:
            facts = super().announced()
            self._known = (time.monotonic(), facts)
        return facts

    def facts(self) -> dict[str, Event]:
        """By worker; those that are gone are forgotten."""
        workers = sorted(worker.decode() for worker in self._client.smembers(WORKERS))
        keys = [f"fretboard:worker:{worker}" for worker in workers]
        texts = dict(zip(workers, self._client.mget(keys) if keys else [], strict=True))
        if gone := [worker for worker, text in texts.items() if text is None]:
            self._client.srem(WORKERS, *gone)
        return {worker: json.loads(text) for worker, text in texts.items() if text is not None}

    def _listen(self) -> None:
        channel = self._client.pubsub(ignore_subscribe_messages=True)
        channel.subscribe(**{WAKE: lambda message: self._followers.wake(message["data"].decode())})
        # redis-py subscribes again by itself once the server is back.
        channel.run_in_thread(
            sleep_time=1.0, daemon=True, exception_handler=lambda *_: time.sleep(1.0)
        )
