"""Fair order: clients take turns; a worker that asks again gets the same work again."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from fretboard.jobs.fair_list import BATCH, BATCH_EVERY, INTERACTIVE, FairList, Work
from fretboard.jobs.lists import RedisWaiting, Waiting


def work(name):
    return Work(id=name, actor="analyse", args=[name])


def drain(fair):
    """Ids in the order taken."""
    taken = []
    while found := fair.take(f"worker {len(taken)}"):
        taken.append(found[0].id)
    return taken


def test_a_tenth_job_does_not_hold_up_anothers_first():
    fair = FairList()
    for number in range(10):
        fair.add(INTERACTIVE, "eager", work(f"e{number}"))
    fair.add(INTERACTIVE, "late", work("l0"))
    fair.add(INTERACTIVE, "later", work("m0"))
    assert drain(fair) == ["e0", "l0", "m0", *(f"e{n}" for n in range(1, 10))]


def test_places_are_where_work_is_then_taken():
    for _ in range(30):
        fair = FairList()
        for number in range(random.randint(1, 30)):
            fair.add(INTERACTIVE, random.choice("abcd"), work(str(number)))
        known = [w.id for turn in fair.lanes[INTERACTIVE] for w in turn.works]
        placed = {name: fair.place(name, 1).position for name in known}
        assert {name: row for row, name in enumerate(drain(fair), 1)} == placed


def test_batch_waits_for_interactive_but_not_for_ever():
    fair = FairList()
    fair.add(BATCH, "a", work("batch"))
    for number in range(10):
        fair.add(INTERACTIVE, f"client {number}", work(f"i{number}"))
    assert drain(fair).index("batch") == BATCH_EVERY - 1


def test_asked_twice_waits_once_and_withdrawn_waits_no_more():
    fair = FairList()
    for name in ("x", "x", "y"):
        fair.add(INTERACTIVE, "a", work(name))
    assert fair.length == 2
    assert fair.remove("x")
    assert not fair.remove("x")
    assert drain(fair) == ["y"]


def test_the_expected_wait_follows_from_recent_runs_and_workers():
    fair = FairList()
    for name in "abcd":
        fair.add(INTERACTIVE, "one", work(name))
    assert fair.place("d", 1).expected_seconds is None  # nothing measured yet
    fair.take("t")
    fair.finish("t", 8.0)
    fair.take("u")  # b runs, half done on average; c is ahead of d
    assert fair.place("d", 1).expected_seconds == pytest.approx(8 * 1.5)
    assert fair.place("d", 2).expected_seconds == pytest.approx(8 * 1.5 / 2)
    assert fair.place("d", 0).expected_seconds is None  # no worker
    assert fair.place("gone", 1) is None


@pytest.fixture(params=["memory", "redis"])
def waiting(request):
    if request.param == "memory":
        return Waiting()
    return RedisWaiting(request.getfixturevalue("redis_client"))


def grouped(fair, most, *, share=0.0, clients="abab"):
    """Works 0, 1, … of one group but for the third; ids taken by the first worker."""
    for number, client in enumerate(clients):
        group = "other" if number == 2 else "g"
        one = work(str(number)).model_copy(update={"group": group, "share": share})
        fair.add(INTERACTIVE, client, one)
    return [one.id for one in fair.take("t", most)]


def test_works_of_a_group_are_taken_together_in_fair_order():
    fair = FairList()
    assert grouped(fair, 8) == ["0", "1", "3"]  # each client's own keep their order
    assert [one.id for one in fair.take("t", 8)] == ["0", "1", "3"]
    assert [one.id for one in fair.take("u", 8)] == ["2"]
    fair.finish("t", 6.0)
    assert fair.seconds == [2.0]  # each
    assert grouped(FairList(), 2) == ["0", "1"]
    assert grouped(FairList(), 8, share=0.4) == ["0", "1"]
    assert grouped(FairList(), 8, share=0.6) == ["0"]


def test_many_processes_take_everything_once(waiting):
    names = [f"w{number}" for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: waiting.change("m", lambda f: f.add(BATCH, n[-1], work(n))), names))
        workers = [f"t{number}" for number in range(50)]
        took = list(pool.map(lambda w: waiting.change("m", lambda f: f.take(w)), workers))
    assert sorted(work.id for works in took for work in works) == sorted(names)
    assert waiting.look("other").length == 0


def test_a_worker_that_asks_again_gets_its_work_until_it_is_done(waiting):
    waiting.change("m", lambda fair: fair.add(INTERACTIVE, "a", work("x")))
    for _ in range(2):
        assert waiting.change("m", lambda fair: fair.take("t"))[0].id == "x"
        assert waiting.look("m").knows("x")
    waiting.change("m", lambda fair: fair.finish("t", 1.0))
    assert waiting.change("m", lambda fair: fair.take("t")) == []
    assert not waiting.look("m").knows("x")
