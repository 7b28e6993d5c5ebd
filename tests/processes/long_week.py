"""A week of analyses, then clean-up by age and by size: `make faults`. Prints figures."""

import os
import time
import uuid

import numpy as np

from fretboard.core.analysis import Status
from fretboard.core.image_set import Member, SetRequest, make_set
from fretboard.core.question import Question
from fretboard.jobs.cleanup import DAY_SECONDS, StoreLimits, clean
from fretboard.jobs.services import build_services
from fretboard.jobs.submit import submit
from tests.support.images import encode
from tests.support.random_data import fresh
from tests.support.settings import make_settings

DAYS, A_DAY, SET_EVERY, UNFINISHED = 7, 500, 100, 5
STATES_BYTES = 40_000  # an analysis of a small model; the file system does not care
KEEP_DAYS, BOUND = 3, 0.25  # of what is left then


def test_a_week_is_cleaned_by_age_and_by_size(checkpoint_folder, tmp_path, redis_url, random_image):
    settings = make_settings(checkpoint_folder, tmp_path / "data", REDIS_URL=redis_url)
    services = build_services(settings)
    png, now = encode(random_image, "PNG"), time.time()
    ages = simulate(services, png, now)
    waiting = [services.store.read(one) for one in list(ages)[-UNFINISHED:]]
    for document in waiting:  # the oldest of all, and still not done
        services.store.write(document.model_copy(update={"status": Status.QUEUED}))
        grow_old(services, document.id, now - 8 * DAY_SECONDS)

    began = time.monotonic()
    listed = services.store.usage()
    print(f"\n{len(listed)} analyses, {sum(size for size, _ in listed.values()) / 1e6:.0f} MB; "
          f"listed in {time.monotonic() - began:.2f} s")  # fmt: skip
    began = time.monotonic()
    unfinished = services.unfinished()
    print(f"unfinished ones found in {time.monotonic() - began:.2f} s")
    assert {one.id for one in unfinished} == {one.id for one in waiting}

    for limits in (
        StoreLimits(keep_days=KEEP_DAYS),
        StoreLimits(store_bytes=int(BOUND * bytes_kept(services, ages, now))),
    ):
        began = time.monotonic()
        told = clean(services, limits)
        count, spent = sum(told.removed.values()), time.monotonic() - began
        print(f"{limits}: {told}; {spent:.1f} s, {1000 * spent / count:.1f} ms each")
        left = services.store.usage()
        if limits.keep_days:
            oldest = min(now - ages[one] for one in left if one not in {d.id for d in waiting})
            assert oldest >= now - KEEP_DAYS * DAY_SECONDS - 60
        else:
            everything = [*left.values(), *services.sets.usage().values()]
            assert told.left == sum(size for size, _ in everything) <= limits.store_bytes
        assert {one.id for one in waiting} <= set(left)
    assert sum(clean(services, limits).removed.values()) == 0


def simulate(services, png, now):
    """Ids and ages in seconds: analyses of a week, some of them in image sets."""
    random, ages = fresh(), {}
    members = []
    for _ in range(DAYS * A_DAY):
        analysis, _new = submit(
            services, Question(prompt=f"what is {uuid.uuid4().hex} ?", image=png)
        )
        services.store.write_arrays(
            analysis.id, "hidden_states", {"x": np.zeros(STATES_BYTES // 4, np.float32)}
        )
        services.store.write(analysis.model_copy(update={"status": Status.DONE}))
        services.cancel(analysis)
        services.store.write(analysis.model_copy(update={"status": Status.DONE}))
        ages[analysis.id] = float(random.uniform(0, DAYS * DAY_SECONDS))
        grow_old(services, analysis.id, now - ages[analysis.id])
        members.append(analysis.id)
        if len(members) == SET_EVERY:
            request = SetRequest(prompt="what ?", model=services.settings.model, token="0")
            chosen = [Member(name=one, analysis_id=one) for one in members[:4]]
            services.sets.create(make_set(request, chosen))
            for one in members[:4]:
                ages[one] = 0.0  # the set is of today
            members.clear()
    return ages


def grow_old(services, analysis_id, moment):
    folder = f"{services.settings.store_url}/analyses/{analysis_id}"
    for name in os.listdir(folder):
        os.utime(f"{folder}/{name}", (moment, moment))


def bytes_kept(services, ages, now):
    """Of the analyses that are younger than the limit of age."""
    usage = services.store.usage()
    return sum(usage[one][0] for one, age in ages.items() if age < KEEP_DAYS * DAY_SECONDS)
