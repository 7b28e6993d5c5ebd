"""Events, wakes, flags and announcements: in this process and through a real Redis."""

import threading

import pytest

from fretboard.jobs import heartbeat as announced_module
from fretboard.jobs.bus import START, Bus, RedisBus
from fretboard.jobs.heartbeat import Herald, by_model
from tests.support.servers import wait_for


@pytest.fixture(params=["memory", "redis"])
def buses(request):
    """Two processes' views of one bus."""
    if request.param == "memory":
        bus = Bus()
        return bus, bus
    client = request.getfixturevalue("redis_client")
    return RedisBus(client), RedisBus(client)


def test_events_are_read_once_in_order_and_wake_who_follows(buses):
    writer, reader = buses
    woken = threading.Event()
    with reader.follow("topic", woken.set):
        wait_for(lambda: writer.publish("topic", {"type": "x"}) or woken.wait(0.2), seconds=10)
        woken.clear()
        writer.publish("another", {"type": "x"})
        assert not woken.wait(0.2)
    writer.clear("topic")
    for number in range(3):
        writer.publish("topic", {"number": number})
    first = reader.read("topic", START)
    assert [event["number"] for _, event in first] == [0, 1, 2]
    assert reader.read("topic", first[1][0]) == first[2:]
    assert not woken.is_set()  # nobody follows any more


def test_flags_are_seen_elsewhere(buses):
    writer, reader = buses
    writer.set_flag("cancel:x")
    assert reader.flag("cancel:x")
    writer.clear_flag("cancel:x")
    assert not reader.flag("cancel:x")


def test_a_model_is_what_its_best_worker_is():
    told = [
        {"name": "a", "state": "failed", "detail": "no memory"},
        {"name": "a", "state": "ready", "revision": "r1"},
        {"name": "a", "state": "ready", "revision": "r2"},
        {"name": "b", "state": "loading", "revision": "r3"},
    ]
    found = by_model(told)
    assert (found["a"]["state"], found["a"]["workers"]) == ("ready", 2)
    assert found["a"]["revisions"] == ["r1", "r2"]
    assert (found["b"]["state"], found["b"]["workers"]) == ("loading", 0)


def test_a_worker_that_falls_silent_is_forgotten(redis_client, monkeypatch):
    monkeypatch.setattr("fretboard.jobs.bus.LIFE_SECONDS", 1)
    monkeypatch.setattr("fretboard.jobs.bus.BEAT_SECONDS", 0.1)
    monkeypatch.setattr(announced_module, "BEAT_SECONDS", 0.1)
    worker, web = RedisBus(redis_client), RedisBus(redis_client)
    beats = []
    herald = Herald(worker, lambda: beats.append(1))
    herald.say(name="m", state="ready")
    worker.announce("silent", {"name": "n", "state": "ready"})
    wait_for(lambda: set(web.announced()) == {"m"}, seconds=10)  # n said nothing more
    assert beats
    herald.stop()
    assert not web.facts()  # withdrawn at once
