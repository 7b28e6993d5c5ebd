"""A worker that stops: its work is next again, nothing is lost or twice."""

import random
import threading

import pytest

from fretboard.jobs.consumer import Consumer
from fretboard.jobs.fair_list import BATCH, INTERACTIVE, FairList, Work
from fretboard.jobs.queue import DERIVE, MAPS, Halted
from fretboard.jobs.services import build_services
from tests.support.settings import make_settings


def ids(fair):
    return sorted(
        w.id for turns in fair.lanes.values() for turn in turns for w in turn.works
    ) + sorted(w.id for works in fair.taken.values() for w in works)


def test_what_is_given_back_is_taken_next_and_each_client_keeps_one_turn():
    for _ in range(30):
        fair = FairList()
        for number in range(random.randint(3, 20)):
            work = Work(id=str(number), actor="analyse", args=[number], group="g")
            fair.add(random.choice([INTERACTIVE, BATCH]), random.choice("abc"), work)
        everything = ids(fair)
        taken = fair.take("t", random.randint(1, 4))
        assert fair.give_back("t") == len(taken)
        assert ids(fair) == everything
        lane = fair.lanes[taken[0].lane]
        clients = [turn.client for turn in lane]
        assert len(clients) == len(set(clients))
        assert lane[0].works[0].id == taken[0].id
        assert fair.give_back("t") == 0
        fair.finish("t", 1.0)  # the worker was through after all: no matter
        assert ids(fair) == everything


@pytest.fixture
def services(checkpoint_folder, tmp_path):
    return build_services(make_settings(checkpoint_folder, tmp_path))


def consumer(services, run, after=lambda *_: None):
    return Consumer(services, MAPS, "worker", run, after)


def test_a_map_that_is_halted_goes_back_to_its_queue(services):
    begun = threading.Event()

    def halted(_works):
        begun.set()
        raise Halted

    first = consumer(services, halted)
    first.start()
    first.stop()  # takes nothing more; what it finds after this call stays
    assert first.join(10)
    services.jobs.put(MAPS, Work(id="record/file", actor=DERIVE))
    second = consumer(services, lambda works: (second.stop(), halted(works)))
    second.start()
    assert begun.wait(10)
    assert second.join(10)
    fair = services.jobs.waiting.look(MAPS)
    assert (fair.length, fair.taken) == (1, {})


def test_what_fails_beyond_telling_is_run_again_and_done_once(services):
    runs, done = [], threading.Event()

    def run(works):
        runs.append(works[0].id)
        if len(runs) == 1:
            raise OSError("the store is away")

    working = consumer(services, run, lambda *_: done.set())
    working.start()
    services.jobs.put(MAPS, Work(id="record/file", actor=DERIVE))
    assert done.wait(10)
    working.stop()
    assert working.join(10)
    assert runs == ["record/file"] * 2
    assert not services.jobs.waiting.look(MAPS).taken


def test_what_redis_lost_is_noted_again_once():
    fair = FairList()
    work = Work(id="x", actor="analyse", args=["x"])
    fair.hold("first", [work])
    assert fair.take("first") == [work]
    fair.hold("second", [work])  # another one runs it already
    assert list(fair.taken) == ["first"]
    fair.give_back("first", died=True)
    fair.hold("first", [work])  # it was alive after all
    assert fair.take("second") == []


def test_work_in_hand_is_told_to_stop_at_its_next_step(services):
    stops = services.jobs.cancelled("record")
    assert stops() is False
    services.jobs.halted.set()
    with pytest.raises(Halted):
        stops()
