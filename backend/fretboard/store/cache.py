"""The array cache: in this process without Redis, in Redis with it. Losing an entry is harmless."""

import io
import threading
from collections import OrderedDict
from typing import Protocol

import numpy as np
from redis import Redis

KEY_SPACE = "fretboard:array:"
CHUNK_BYTES = 8 * 2**20  # far below Redis' 512 MB a value, and kind to its single thread


class ArrayCache(Protocol):
    """Arrays by key; `get` returns None for what was never there, expired or evicted."""

    def get(self, key: str) -> np.ndarray | None: ...
    def put(self, key: str, array: np.ndarray) -> None: ...
    def drop(self, prefix: str) -> None: ...


class MemoryCache:
    """Least recently used arrays within `limit` bytes; the newest stays even when larger."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._arrays: OrderedDict[str, np.ndarray] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> np.ndarray | None:
        """The array, marked as used."""
        with self._lock:
            if key in self._arrays:
                self._arrays.move_to_end(key)
            return self._arrays.get(key)

    def put(self, key: str, array: np.ndarray) -> None:
        """Keep a read-only array, dropping the longest unused above the limit."""
        array.flags.writeable = False
        with self._lock:
            self._forget(key)
            self._arrays[key] = array
            self._size += array.nbytes
            while self._size > self._limit and len(self._arrays) > 1:
                self._forget(next(iter(self._arrays)))

    def drop(self, prefix: str) -> None:
        """Forget every key that begins with `prefix`."""
        with self._lock:
            for key in [key for key in self._arrays if key.startswith(prefix)]:
                self._forget(key)

    def _forget(self, key: str) -> None:
        array = self._arrays.pop(key, None)
        self._size -= array.nbytes if array is not None else 0


class RedisCache:
    """Arrays as `.npy` bytes in a list of chunks under one key, with a time to live."""

    def __init__(self, client: Redis, ttl_seconds: int) -> None:
        self._client = client
        self._ttl = ttl_seconds

    def get(self, key: str) -> np.ndarray | None:
        """The array, or None; a key holds all its chunks or does not exist."""
        name = KEY_SPACE + key
        count = int(self._client.llen(name))
        chunks = [self._client.lindex(name, index) for index in range(count)]
        if not chunks or any(chunk is None for chunk in chunks):  # expired meanwhile
            return None
        try:
            return np.load(io.BytesIO(b"".join(chunks)), allow_pickle=False)  # type: ignore[arg-type]
        except ValueError:  # replaced between two reads: as good as lost
            return None

    def put(self, key: str, array: np.ndarray) -> None:
        """Write under a temporary key, then rename: readers see all of it or nothing."""
        buffer = io.BytesIO()
        np.save(buffer, array, allow_pickle=False)
        data = buffer.getbuffer()
        name, temporary = KEY_SPACE + key, f"{KEY_SPACE}writing:{id(array)}:{key}"
        self._client.delete(temporary)
        for start in range(0, len(data), CHUNK_BYTES):
            self._client.rpush(temporary, bytes(data[start : start + CHUNK_BYTES]))
        self._client.expire(temporary, self._ttl)
        self._client.rename(temporary, name)

    def drop(self, prefix: str) -> None:
        """Forget every key that begins with `prefix`."""
        for name in self._client.scan_iter(f"{KEY_SPACE}{prefix}*", count=1000):
            self._client.delete(name)
