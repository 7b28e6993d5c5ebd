"""A worker that stops: its work is next again, nothing is lost or twice."""

import random

import pytest

from fretboard.jobs.fair_list import BATCH, INTERACTIVE, FairList, Work
from fretboard.jobs.queue import MAP, MAPS, Halted
from fretboard.jobs.services import build_services
from fretboard.jobs.worker import Worker
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
def worker(checkpoint_folder, tmp_path):
    return Worker(build_services(make_settings(checkpoint_folder, tmp_path)))


def test_a_map_that_is_halted_goes_back_to_its_queue(worker):
    def halted(*_args):
        raise Halted

    worker._actors["derive"] = halted
    worker._beside(MAPS, MAP)("record", "key", "topic")
    queue = worker._services.jobs.brokers[MAPS].queues[MAPS]
    assert queue.qsize() == 1


def test_work_in_hand_is_told_to_stop_at_its_next_step(worker):
    asked = worker._services.jobs.cancelled("record")
    assert asked() is False
    worker._services.jobs.halted.set()
    with pytest.raises(Halted):
        asked()
