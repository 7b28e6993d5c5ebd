"""Deleting for good: record, image, arrays, cache, events and flags; nothing keeps the id.

Work that runs meanwhile is told to stop and may still write: it leaves a mark behind, and the
worker that finds the mark when it is through sweeps up.
"""

from contextlib import suppress

from fretboard.core.analysis import Analysis, Status
from fretboard.core.causal_test import CausalTest
from fretboard.core.errors import NotFound
from fretboard.core.image_set import ImageSet
from fretboard.jobs.services import Services


def erase_analysis(services: Services, analysis: Analysis) -> None:
    """With its causal tests."""
    for test in services.tests.of(analysis.id):
        erase_test(services, test)
    _stop(services, analysis)
    services.store.delete(analysis.id)
    _forget(services, analysis.id)


def erase_test(services: Services, test: CausalTest) -> None:
    """A causal test alone; its analysis stays."""
    _stop(services, test)
    services.tests.delete(test.id)
    _forget(services, test.id)


def erase_set(services: Services, image_set: ImageSet) -> None:
    """The set and its maps; of a private set the analyses too, which were made for it alone."""
    for member in image_set.members:
        with suppress(NotFound):
            analysis = services.store.read(member.analysis_id or "")
            if image_set.request.salt and analysis.request.salt == image_set.request.salt:
                erase_analysis(services, analysis)
    services.sets.delete(image_set.id)
    _forget(services, image_set.id)


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


def _stop(services: Services, document: Analysis | CausalTest) -> None:
    waited = services.jobs.withdraw(document.model.revision, document.id)
    if not waited and document.status in (Status.QUEUED, Status.RUNNING):
        services.bus.set_flag(_mark(document.id))
        services.jobs.cancel(document.id)


def _forget(services: Services, record_id: str) -> None:
    """What lies outside the store. The order to stop stays while someone has yet to read it."""
    services.cache.drop(f"{record_id}/")
    services.bus.clear(record_id)
    if not services.bus.flag(_mark(record_id)):
        services.jobs.forget(record_id)


def _mark(record_id: str) -> str:
    return f"deleted:{record_id}"
