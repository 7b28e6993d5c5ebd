"""The array cache: in this process without Redis, in Redis with it. Losing an entry is harmless."""

import logging
import threading
import uuid
from typing import Any, Protocol

import numpy as np
from cachetools import LRUCache
from redis import Redis
from redis.exceptions import RedisError

from fretboard.store.tensors import pack, read_array

log = logging.getLogger(__name__)
KEY_SPACE = "fretboard:array:"
NAME = "array"  # in its safetensors
BOOKS = "fretboard:arrays"  # when each was used, its bytes, the bytes of all
WRITING_SECONDS = 600  # that the chunks of an array may take to arrive
CHUNK_BYTES = 8 * 2**20  # far below Redis' 512 MB a value, and kind to its single thread


class ArrayCache(Protocol):
    """Arrays by key; `get` returns None for what was never there, expired or evicted."""

    def get(self, key: str) -> np.ndarray | None: ...
    def put(self, key: str, array: np.ndarray) -> None: ...
    def drop(self, prefix: str) -> None: ...


class MemoryCache:
    """Least recently used arrays within `limit` bytes; the newest stays even when larger."""

    def __init__(self, limit: int) -> None:
        # One that is larger counts as all there is room for, and is alone then.
        self._arrays: LRUCache[str, np.ndarray] = LRUCache(
            limit, getsizeof=lambda array: min(array.nbytes, limit)
        )
        self._lock = threading.Lock()

    def get(self, key: str) -> np.ndarray | None:
        """The array, marked as used."""
        with self._lock:
            return self._arrays.get(key)

    def put(self, key: str, array: np.ndarray) -> None:
        """Keep a read-only array, dropping the longest unused above the limit."""
        array.flags.writeable = False
        with self._lock:
            self._arrays[key] = array

    def drop(self, prefix: str) -> None:
        """Forget every key that begins with `prefix`."""
        with self._lock:
            for key in [key for key in self._arrays if key.startswith(prefix)]:
                del self._arrays[key]


# Everything about the cache in one step of the server: entries whose time is over leave the books,
# then the longest unused go until the total fits. `keep` stays even when it alone is larger.
_BOOKS = """
local uses, sizes, total = KEYS[1], KEYS[2], KEYS[3]
local space, limit, ttl, keep = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local clock = redis.call('time')
local now = clock[1] + clock[2] / 1000000
local function forget(key)
  redis.call('unlink', space .. key)
  redis.call('zrem', uses, key)
  local size = redis.call('hget', sizes, key)
  if size then
    redis.call('hdel', sizes, key)
    redis.call('decrby', total, size)
  end
end
"""
_PUT = (
    _BOOKS
    + """
forget(keep)
redis.call('rename', KEYS[4], space .. keep)
redis.call('expire', space .. keep, ttl)
redis.call('zadd', uses, now, keep)
redis.call('hset', sizes, keep, ARGV[5])
redis.call('incrby', total, ARGV[5])
for _, key in ipairs(redis.call('zrangebyscore', uses, '-inf', now - ttl)) do forget(key) end
while tonumber(redis.call('get', total)) > limit do
  local oldest = redis.call('zrange', uses, 0, 0)[1]
  if oldest == keep then break end
  forget(oldest)
end
"""
)
_TOUCH = (
    _BOOKS
    + """
local chunks = redis.call('llen', space .. keep)
if chunks == 0 then
  forget(keep)
else
  redis.call('zadd', uses, now, keep)
  redis.call('expire', space .. keep, ttl)
end
return chunks
"""
)
_DROP = (
    _BOOKS
    + """
for _, key in ipairs(redis.call('zrange', uses, 0, -1)) do
  if string.sub(key, 1, #keep) == keep then forget(key) end
end
"""
)


class RedisCache:
    """Arrays as safetensors in a list of chunks under one key, with a time to live after use.

    (numpy's own format is read by Python's parser, which fails now and then in busy threads.)
    Its memory is bounded by itself, so that the server's own eviction, which knows no key space,
    can stay off: the jobs of the same server are never evicted.
    """

    def __init__(self, client: Redis, ttl_seconds: int, limit: int) -> None:
        self._client: Any = client
        self._ttl = ttl_seconds
        self._limit = limit
        self._put, self._touch, self._drop = map(client.register_script, (_PUT, _TOUCH, _DROP))

    def get(self, key: str) -> np.ndarray | None:
        """The array, marked as used; a key holds all its chunks or does not exist.

        None too while Redis does not answer: it can be read or computed again.
        """
        try:
            count = int(self._run(self._touch, key))
            chunks = [self._client.lindex(KEY_SPACE + key, index) for index in range(count)]
        except RedisError as error:
            log.warning("the array cache does not answer: %s", error)
            return None
        if not chunks or any(chunk is None for chunk in chunks):  # expired meanwhile
            return None
        try:
            data = b"".join(chunks)
            return read_array(lambda start, end: data[start:end], NAME)
        except ValueError:  # replaced between two reads: as good as lost
            return None

    def put(self, key: str, array: np.ndarray) -> None:
        """Write under a temporary key, then rename: readers see all of it or nothing.

        Nothing is kept while Redis does not answer, or is full.
        """
        try:
            self._write(key, array)
        except RedisError as error:
            log.warning("an array is not cached: %s", error)

    def _write(self, key: str, array: np.ndarray) -> None:
        data = pack({NAME: array})
        temporary = f"{KEY_SPACE}writing:{uuid.uuid4().hex}"
        for start in range(0, len(data), CHUNK_BYTES):
            self._client.rpush(temporary, data[start : start + CHUNK_BYTES])
            self._client.expire(temporary, WRITING_SECONDS)  # should this process die now
        self._run(self._put, key, len(data), temporary)

    def drop(self, prefix: str) -> None:
        """Forget every key that begins with `prefix`."""
        self._run(self._drop, prefix)

    def _run(self, script: Any, key: str, size: int = 0, temporary: str = "") -> Any:
        books = [f"{BOOKS}:{name}" for name in ("uses", "sizes", "total")]
        return script(keys=[*books, temporary], args=[KEY_SPACE, self._limit, self._ttl, key, size])
