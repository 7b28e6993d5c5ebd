"""Progress events, cancel flags and model announcements; in this process, or through Redis."""

import json
import threading
from collections import OrderedDict
from typing import Any, Protocol

from redis import Redis

Event = dict[str, Any]
TOPICS_KEPT = 1000  # of finished analyses; their events can be told from the document
EVENTS_KEPT = 5000  # per topic, above the largest answer
TOPIC_TTL_SECONDS = 24 * 3600
START = "0"  # reads from the first event


class Bus(Protocol):
    """`read` returns (position, event) pairs after a position; positions are opaque strings."""

    def publish(self, topic: str, event: Event) -> None: ...
    def read(self, topic: str, after: str) -> list[tuple[str, Event]]: ...
    def clear(self, topic: str) -> None: ...
    def set_flag(self, name: str) -> None: ...
    def clear_flag(self, name: str) -> None: ...
    def flag(self, name: str) -> bool: ...
    def announce(self, name: str, facts: Event) -> None: ...
    def announced(self) -> dict[str, Event]: ...


class MemoryBus:
    """For one process: topics are lists behind a lock, the oldest topics are dropped."""

    def __init__(self) -> None:
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

    def flag(self, name: str) -> bool:
        """Whether it is raised."""
        return name in self._flags

    def announce(self, name: str, facts: Event) -> None:
        """State facts under a name (a model: its state)."""
        self._facts[name] = facts

    def announced(self) -> dict[str, Event]:
        """All facts by name."""
        return dict(self._facts)


class RedisBus:
    """For several processes: a Redis stream per topic, keys for flags, a hash of facts."""

    def __init__(self, client: Redis) -> None:
        self._client: Any = client

    def publish(self, topic: str, event: Event) -> None:
        """Append an event to a topic."""
        key = f"fretboard:events:{topic}"
        pipe = self._client.pipeline()
        pipe.xadd(key, {"event": json.dumps(event)}, maxlen=EVENTS_KEPT, approximate=True)
        pipe.expire(key, TOPIC_TTL_SECONDS)
        pipe.execute()

    def read(self, topic: str, after: str) -> list[tuple[str, Event]]:
        """Events after a position, `START` for all."""
        low = "-" if after == START else f"({after}"
        entries = self._client.xrange(f"fretboard:events:{topic}", min=low)
        return [(position.decode(), json.loads(entry[b"event"])) for position, entry in entries]

    def clear(self, topic: str) -> None:
        """Forget a topic."""
        self._client.delete(f"fretboard:events:{topic}")

    def set_flag(self, name: str) -> None:
        """Raise a flag that any process can see."""
        self._client.set(f"fretboard:flag:{name}", 1, ex=TOPIC_TTL_SECONDS)

    def clear_flag(self, name: str) -> None:
        """Lower it."""
        self._client.delete(f"fretboard:flag:{name}")

    def flag(self, name: str) -> bool:
        """Whether it is raised."""
        return bool(self._client.exists(f"fretboard:flag:{name}"))

    def announce(self, name: str, facts: Event) -> None:
        """State facts under a name (a model: its state)."""
        self._client.hset("fretboard:models", name, json.dumps(facts))

    def announced(self) -> dict[str, Event]:
        """All facts by name."""
        facts = self._client.hgetall("fretboard:models")
        return {name.decode(): json.loads(text) for name, text in facts.items()}
