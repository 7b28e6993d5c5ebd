"""REDIS_URL as people write it: what works, and what is refused before anything connects."""

import pytest

from fretboard.core.settings import Settings, get_settings

SECRET = "hunter2"


def redis_url(value: str) -> str | None:
    return Settings(_env_file=None, REDIS_URL=value).redis_url


@pytest.mark.parametrize("value", ["", "  "])
def test_an_empty_address_means_no_redis(value):
    assert redis_url(value) is None


@pytest.mark.parametrize(
    "value",
    [
        "redis://127.0.0.1:6379/0",
        "redis://[::1]:6379/2",
        "redis://:pa%2Fss%23%25@host:6379/3",
        "redis://user:secret@host",
        "redis://us@er:secret@host",
        "rediss://host:6380/1?ssl_cert_reqs=none",
        "unix:///run/redis.sock?db=2",
        "unix://user:secret@/run/redis.sock",
    ],
)
def test_addresses_that_work_are_taken_as_they_are(value):
    assert redis_url(value) == value


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("127.0.0.1:6379", "does not begin with redis://, rediss:// or unix://"),
        ("localhost", "does not begin with redis://"),
        ("http://host:6379", "does not begin with redis://"),
        (f"redis://:{SECRET}/x@host:6379/0", "percent-encoded: / as %2F"),
        (f"redis://:{SECRET}#x@host:6379/0", "percent-encoded"),
        (f"redis://:{SECRET}?x@host:6379/0", "percent-encoded"),
        (f"redis://:{SECRET}%x@host:6379/0", "percent-encoded"),
        (f"redis://:123/{SECRET}@host:6379/0", "percent-encoded"),
        (f"redis://:[{SECRET}@host", "percent-encoded"),
        ("redis://host:66000", "its port is no number up to 65535"),
        ("redis://host:6379/first", "no database number"),
        ("redis://host:6379/0#first", "no database number"),
        ("unix://", "names no socket"),
        ("redis://host?decode_responses=true", "take decode_responses out of it"),
        ("redis://host?ssl_cert_reqs=none", "use rediss:// for those of TLS"),
        ("redis://host?frets=6", "an option behind its question mark is not known"),
        (f"redis://:{SECRET}@host?socket_timeout=soon", "a value that cannot be read"),
    ],
)
def test_others_end_the_start_in_one_line_without_the_password(monkeypatch, value, sentence):
    monkeypatch.setenv("REDIS_URL", value)
    get_settings.cache_clear()
    try:
        with pytest.raises(SystemExit) as ended:
            get_settings()
    finally:
        get_settings.cache_clear()
    line = str(ended.value)
    assert "REDIS_URL: " in line
    assert sentence in line
    assert SECRET not in line
    assert "\n" not in line
