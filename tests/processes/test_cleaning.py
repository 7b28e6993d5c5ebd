"""What goes, in which order, and what never does; what a dead worker leaves."""

import os
import time

import pytest

from fretboard.core.analysis import Status
from fretboard.core.question import Question
from fretboard.jobs.cleanup import DAY_SECONDS, StoredItem, StoreLimits, beyond, clean
from fretboard.jobs.fair_list import INTERACTIVE, FairList, Work
from fretboard.jobs.services import build_services
from fretboard.jobs.submit import submit
from fretboard.jobs.submit_set import SetQuestion, submit_set
from tests.support.random_data import fresh
from tests.support.service import QUESTION
from tests.support.settings import make_settings

NOBODY = lambda item: False  # noqa: E731


def test_the_plan_frees_enough_and_no_more_oldest_first():
    random = fresh()
    now = 1e9
    items = [
        StoredItem("analysis", str(row), int(random.integers(1, 1000)), now - float(age))
        for row, age in enumerate(random.uniform(0, 10 * DAY_SECONDS, 200))
    ]
    limit = sum(item.bytes for item in items) // 3
    gone = list(beyond(items, StoreLimits(store_bytes=limit), now, NOBODY))
    left = [item for item in items if item not in gone]
    assert sum(item.bytes for item in left) <= limit
    assert sum(item.bytes for item in [*left, gone[-1]]) > limit  # the last one was needed
    assert max(item.written for item in gone) <= min(item.written for item in left)

    aged = list(beyond(items, StoreLimits(keep_days=4), now, NOBODY))
    assert {item.id for item in aged} == {
        item.id for item in items if item.written < now - 4 * DAY_SECONDS
    }
    busy = {item.id for item in aged[:5]}
    spared = beyond(items, StoreLimits(keep_days=4), now, lambda item: item.id in busy)
    assert [item.id for item in spared] == [item.id for item in aged[5:]]
    assert list(beyond(items, StoreLimits(), now, NOBODY)) == []


@pytest.fixture
def store(checkpoint_folder, tmp_path):
    """Services over a store of their own, without a worker."""
    return build_services(make_settings(checkpoint_folder, tmp_path / "data"))


def age(services, kind, record_id, days):
    """As if last written so many days ago."""
    moment = time.time() - days * DAY_SECONDS
    folder = f"{services.settings.store_url}/{kind}/{record_id}"
    for name in os.listdir(folder):
        os.utime(f"{folder}/{name}", (moment, moment))


def finished(services, prompt):
    analysis, _ = submit(services, Question(prompt=f"{QUESTION} {prompt}"))
    mark_done(services, analysis.id)
    return analysis.id


def mark_done(services, analysis_id):
    """In its document alone: the arrays do not matter here."""
    analysis = services.store.read(analysis_id)
    services.store.write(analysis.model_copy(update={"status": Status.DONE}))


def test_the_store_is_cleaned_with_sets_kept_whole_and_work_spared(store):
    old, young, running, lone, member = (finished(store, str(row)) for row in range(5))
    document = store.store.read(running)
    store.store.write(document.model_copy(update={"status": Status.RUNNING}))
    image_set, _ = submit_set(store, SetQuestion(Question(), "0", analyses=[member, lone]))
    for one in (member, lone):  # which lack their arrays, and so were queued again
        mark_done(store, one)
    for one in (old, running, lone, member):
        age(store, "analyses", one, 9)
    # A killed run's remains: a folder without a document, and half a file.
    store.store.write_image("abandoned", b"PNG")
    age(store, "analyses", "abandoned", 2)
    half = f"{store.settings.store_url}/analyses/{young}/arrays.safetensors#1"
    with open(half, "wb") as file:
        file.write(b"half")
    os.utime(half, (0, 0))

    told = clean(store, StoreLimits(keep_days=5), dry=True)
    assert told.removed == {"experiment": 0, "set": 0, "analysis": 1}
    assert store.store.exists(old)
    assert clean(store, StoreLimits(keep_days=5)).removed["analysis"] == 1
    kept = {one for one in (old, young, running, lone, member) if store.store.exists(one)}
    assert kept == {young, running, lone, member}  # the set is young: so are its members
    assert not os.path.exists(half)

    age(store, "sets", image_set.id, 9)
    told = clean(store, StoreLimits(keep_days=1.5))
    assert told.removed == {"experiment": 0, "set": 1, "analysis": 3}
    assert not store.sets.exists(image_set.id)
    assert {one for one in (young, running) if store.store.exists(one)} == {young, running}
    assert not store.store.names("abandoned")

    told = clean(store, StoreLimits(store_bytes=1))
    assert not store.store.exists(young)
    assert store.store.exists(running)  # even above the bound
    assert told.left == sum(size for size, _ in store.store.usage().values())


def test_work_of_a_dead_worker_stands_alone():
    fair = FairList()
    for row in range(4):
        work = Work(id=str(row), actor="analyse", group="text:()")
        fair.add(INTERACTIVE, f"client {row}", work)
    taken = fair.take("first", 3)
    assert [work.id for work in taken] == ["0", "1", "2"]
    assert fair.take("first", 3) == taken  # the answer to it was lost
    assert [work.id for work in fair.take("second", 3)] == ["3"]
    fair.give_back("second")
    assert fair.give_back("first", died=True) == 3
    again = [fair.take(f"worker {row}", 3) for row in range(4)]
    assert [[(work.id, work.deaths) for work in works] for works in again] == [
        [("0", 1)], [("1", 1)], [("2", 1)], [("3", 0)],
    ]  # fmt: skip
