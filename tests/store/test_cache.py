"""Both caches behind one protocol; Redis is a real server."""

import numpy as np
import pytest

from fretboard.store import cache as cache_module
from fretboard.store.cache import BOOKS, KEY_SPACE, MemoryCache, RedisCache
from fretboard.store.tensors import pack
from tests.support.random_data import fresh
from tests.support.servers import wait_for


@pytest.fixture(params=["memory", "redis"])
def cache(request):
    if request.param == "memory":
        return MemoryCache(10**6)
    return RedisCache(request.getfixturevalue("redis_client"), ttl_seconds=60, limit=10**6)


def test_round_trip(cache):
    array = fresh().normal(size=(7, 5)).astype(np.float32)
    cache.put("a/b", array)
    np.testing.assert_array_equal(cache.get("a/b"), array)
    assert cache.get("a/other") is None


def test_drop_forgets_one_prefix(cache):
    for key in ("a/x", "a/y", "b/x"):
        cache.put(key, np.zeros(3))
    cache.drop("a/")
    assert cache.get("a/x") is None
    assert cache.get("b/x") is not None


def test_memory_cache_keeps_to_its_limit_and_drops_the_longest_unused():
    cache = MemoryCache(1000)
    for name in "abc":
        cache.put(name, np.zeros(50))  # 400 bytes
        cache.get("a")
    assert cache.get("a") is not None
    assert cache.get("b") is None
    cache.put("large", np.zeros(5000))
    assert cache.get("large") is not None


def test_redis_values_are_chunked_and_expire(redis_client, monkeypatch):
    monkeypatch.setattr(cache_module, "CHUNK_BYTES", 1000)
    cache = RedisCache(redis_client, ttl_seconds=60, limit=10**6)
    array = fresh().normal(size=(100, 10))
    cache.put("big", array)
    assert redis_client.llen(KEY_SPACE + "big") == 9  # 8000 bytes and numpy's header
    assert 0 < redis_client.ttl(KEY_SPACE + "big") <= 60
    np.testing.assert_array_equal(cache.get("big"), array)
    assert not [key for key in redis_client.keys("*") if b"writing" in key]


def test_a_lost_chunk_is_a_lost_entry(redis_client, monkeypatch):
    monkeypatch.setattr(cache_module, "CHUNK_BYTES", 1000)
    cache = RedisCache(redis_client, ttl_seconds=60, limit=10**6)
    cache.put("big", np.zeros(1000))
    redis_client.rpop(KEY_SPACE + "big")
    assert cache.get("big") is None


def cached_bytes(client):
    """What the cache's keys hold, and what its books say that they hold."""
    names = client.keys(KEY_SPACE + "*")
    held = sum(len(chunk) for name in names for chunk in client.lrange(name, 0, -1))
    return held, int(client.get(BOOKS + ":total"))


def test_redis_cache_bounds_itself_and_touches_no_other_key(redis_client, monkeypatch):
    monkeypatch.setattr(cache_module, "CHUNK_BYTES", 1000)
    redis_client.set("fretboard:jobs:generate.x", b"job" * 10_000)
    cache = RedisCache(redis_client, ttl_seconds=60, limit=10_000)
    rng = fresh()
    for index in range(40):
        cache.put(f"{index % 20}/x", rng.normal(size=rng.integers(1, 400)))
        cache.put("used", np.zeros(10)) if index == 0 else cache.get("used")
        held, booked = cached_bytes(redis_client)
        assert held == booked <= 10_000
    assert cache.get("used") is not None
    cache.put("larger than all", np.zeros(5000))
    assert cache.get("larger than all") is not None
    assert cache.get("used") is None
    cache.drop("larger")
    assert cached_bytes(redis_client) == (0, 0)
    assert len(redis_client.get("fretboard:jobs:generate.x")) == 30_000


def test_what_expired_leaves_the_books(redis_client):
    cache = RedisCache(redis_client, ttl_seconds=60, limit=10**6)
    cache.put("a", np.zeros(1000))
    redis_client.delete(KEY_SPACE + "a")  # as expiry does
    assert cache.get("a") is None
    assert cached_bytes(redis_client) == (0, 0)
    short = RedisCache(redis_client, ttl_seconds=1, limit=10**6)
    short.put("b", np.zeros(1000))
    wait_for(lambda: not redis_client.exists(KEY_SPACE + "b"), seconds=10)
    short.put("c", np.zeros(10))
    assert cached_bytes(redis_client)[1] == len(pack({"array": np.zeros(10)}))
