"""Numbers that only grow, added up over all processes: what `/metrics` shows of workers.

Workers have no HTTP server, and a worker that dies must not take its counts along. So they are
added into one hash in Redis, a beat at a time; without Redis they stay in the process.
"""

import json
import threading
from collections import Counter
from typing import Any

import numpy as np
from redis import Redis

from fretboard.store.cache import ArrayCache

KEY = "fretboard:counters"
TOKENS, BUSY_SECONDS, FINISHED, FAILED = "tokens", "busy_seconds", "finished", "failed"
WAITED, WAITED_SECONDS, CACHE_READS = "waited", "waited_seconds", "cache_reads"
# Upper bounds of the histogram of waits, in seconds.
WAITS = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0)
Series = tuple[str, tuple[tuple[str, str], ...]]
"""A name and its labels, sorted."""


class Counters:
    """Add here; read the sums of everyone."""

    def __init__(self, client: Redis | None = None) -> None:
        self._client: Any = client
        self._own: Counter[Series] = Counter()  # not yet in Redis
        self._lock = threading.Lock()

    def add(self, name: str, amount: float = 1.0, **labels: str) -> None:
        """Count; touches no network."""
        with self._lock:
            self._own[name, tuple(sorted(labels.items()))] += amount  # type: ignore[assignment]

    def waited(self, seconds: float, model: str, lane: str) -> None:
        """One piece of work began after so many seconds in line."""
        bound = next((str(bound) for bound in WAITS if seconds <= bound), "+Inf")
        self.add(WAITED, le=bound, model=model, lane=lane)
        self.add(WAITED_SECONDS, seconds, model=model, lane=lane)

    def flush(self) -> None:
        """Add this process's counts to everyone's. Raises RedisError; they are kept then."""
        if self._client is None:
            return
        with self._lock:
            fresh, self._own = self._own, Counter()
        try:
            pipe = self._client.pipeline()  # a transaction: all or none
            for series, amount in fresh.items():
                pipe.hincrbyfloat(KEY, json.dumps(series), amount)
            pipe.execute()
        except Exception:
            with self._lock:
                self._own.update(fresh)
            raise

    def read(self) -> dict[Series, float]:
        """The sums. Raises RedisError."""
        if self._client is None:
            with self._lock:
                return dict(self._own)
        self.flush()
        return {_series(field): float(sum_) for field, sum_ in self._client.hgetall(KEY).items()}


class CountedCache:
    """The ArrayCache `kept`, with its hits and misses counted."""

    def __init__(self, cache: ArrayCache, counters: Counters) -> None:
        self.kept, self._counters = cache, counters
        self.put, self.drop = cache.put, cache.drop

    def get(self, key: str) -> np.ndarray | None:
        """The array, or None."""
        array = self.kept.get(key)
        self._counters.add(CACHE_READS, result="miss" if array is None else "hit")
        return array


def _series(field: bytes) -> Series:
    name, labels = json.loads(field)
    return name, tuple((key, value) for key, value in labels)
