"""Deleting for good: record, image, arrays, cache, events and flags; nothing keeps the id.

Work that runs meanwhile is told to stop and may still write: it leaves a mark behind, and the
worker that finds the mark when it is through sweeps up.
"""

from fretboard.core.analysis import Analysis
from fretboard.core.causal_test import CausalTest
from fretboard.core.errors import NotFound
from fretboard.jobs.services import Services
from fretboard.store.records import D, Records


def erase_analysis(services: Services, analysis_id: str) -> None:
    """With its causal tests. Raises NotFound; a record that cannot be read goes too."""
    for analysis in _readable(services.store, analysis_id):
        _stop(services, analysis)
    for test_id in services.tests.ids_of(analysis_id):
        tested = {test.analysis for test in _readable(services.tests, test_id)}
        if tested <= {analysis_id}:  # not of another one whose id begins alike
            erase_test(services, test_id)
    services.store.delete(analysis_id)
    _forget(services, analysis_id)


def erase_test(services: Services, test_id: str) -> None:
    """A causal test alone; its analysis stays. Raises NotFound."""
    for test in _readable(services.tests, test_id):
        _stop(services, test)
    services.tests.delete(test_id)
    _forget(services, test_id)


def erase_set(services: Services, set_id: str) -> None:
    """The set and its maps; of a private set the analyses too, which were made for it alone.

    Raises NotFound.
    """
    for image_set in _readable(services.sets, set_id):
        if image_set.request.salt:
            members = (member.analysis_id for member in image_set.members)
            for analysis in services.store.readable(filter(None, members)):
                if analysis.request.salt == image_set.request.salt:
                    erase_analysis(services, analysis.id)
    services.sets.delete(set_id)
    _forget(services, set_id)


def make_way(services: Services, records: Records, record_id: str) -> None:
    """Before a record is written: one that cannot be read leaves its place, and the cache."""
    if records.make_way(record_id):
        _forget(services, record_id)


def allow(services: Services, record_id: str) -> None:
    """It was asked again: what still runs may write."""
    services.bus.clear_flag(_mark(record_id))


def sweep(services: Services, record_id: str) -> None:
    """After work on a record: leave nothing where it was deleted meanwhile."""
    kinds = (services.store, services.tests, services.sets)
    if services.bus.flag(_mark(record_id)):
        for records in kinds:
            records.purge(record_id)
    elif any(records.exists(record_id) for records in kinds):
        return
    services.bus.clear_flag(_mark(record_id))
    _forget(services, record_id)


def _readable(records: Records[D], record_id: str) -> list[D]:
    """The document; none where there is none that can be read."""
    try:
        return [records.read(record_id)]
    except NotFound:
        return []


def _stop(services: Services, document: Analysis | CausalTest) -> None:
    """Off the queue; what runs is told to stop, and marked for its worker to sweep up."""
    if services.jobs.withdraw(document):
        return
    services.bus.set_flag(_mark(document.id))
    services.jobs.cancel(document.id)
    # The worker sweeps after it has taken it off the queue: where it is off now, nobody may look
    # for the mark any more.
    if not services.jobs.knows(document):
        services.bus.clear_flag(_mark(document.id))


def _forget(services: Services, record_id: str) -> None:
    """What lies outside the store. The order to stop stays while someone has yet to read it."""
    services.cache.drop(f"{record_id}/")
    services.bus.clear(record_id)
    if not services.bus.flag(_mark(record_id)):
        services.jobs.forget(record_id)


def _mark(record_id: str) -> str:
    return f"deleted:{record_id}"
