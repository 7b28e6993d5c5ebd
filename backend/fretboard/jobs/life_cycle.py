"""One life for answers, causal tests and image sets: entered once per id, stopped, retried, erased.

Work that runs while its record is deleted is told to stop and may still write: the deletion leaves
a mark behind, and the worker that finds the mark when it is through sweeps up.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Generic, TypeVar

from fretboard.analysis.image_sets import member_statuses, standing
from fretboard.core.analysis import Analysis, Status
from fretboard.core.causal_test import CausalTest
from fretboard.core.errors import FretboardError, Lost, NotFinished, NotFound
from fretboard.core.image_set import ImageSet
from fretboard.jobs.fair_list import INTERACTIVE
from fretboard.jobs.queue import NOBODY
from fretboard.jobs.services import Services
from fretboard.store.analyses import IMAGE
from fretboard.store.records import D, Records

R = TypeVar("R", Analysis, CausalTest)  # what a worker runs


class LifeCycle(ABC, Generic[D]):
    """Of one kind of record. noun: what it is called in a sentence.

    `release` comes before it is erased: nothing works on it any more, nothing is made for it alone.
    """

    noun: str

    def __init__(self, services: Services, records: Records[D]) -> None:
        self.services, self.records = services, records

    @abstractmethod
    def status(self, document: D) -> Status: ...
    @abstractmethod
    def needs_run(self, document: D) -> bool: ...
    @abstractmethod
    def run_again(self, document: D, client: str = NOBODY, lane: str = INTERACTIVE) -> D: ...
    @abstractmethod
    def stop(self, document: D) -> None: ...
    @abstractmethod
    def release(self, document: D) -> None: ...

    def cancel(self, document: D) -> None:
        """Stop it. Raises NotFinished for what is over."""
        status = self.status(document)
        if status.over:
            raise NotFinished(f"The {self.noun} is {status}; there is nothing to cancel.")
        self.stop(document)

    def erase(self, record_id: str) -> None:
        """Record, arrays, cache, events and flags; nothing keeps the id. Raises NotFound.

        A record that cannot be read goes too.
        """
        for document in readable(self.records, record_id):
            self.release(document)
        self.records.delete(record_id)
        _forget(self.services, record_id)

    def make_way(self, record_id: str) -> None:
        """Before a record is written: one that cannot be read leaves its place, and the cache."""
        if self.records.make_way(record_id):
            _forget(self.services, record_id)


class RunLife(LifeCycle[R]):
    """Of what a worker runs: an answer or a causal test."""

    def enter(
        self,
        document: R,
        write_parts: Callable[[], None],
        client: str = NOBODY,
        lane: str = INTERACTIVE,
        share: float = 0.0,
    ) -> tuple[R, bool]:
        """(the document, whether work was started). An equal request finds the one that exists:

        it is run again where it failed or lost a part. write_parts: what lies beside it. client:
        whose turn it takes, when others wait too. share: of the worker's memory.
        """
        write_parts()
        # Before the record: without Redis it is refused here. What still runs may write again.
        self.services.bus.clear_flag(_mark(document.id))
        if self._create(document):
            self.services.start(document, lane, client, share)
            return document, True
        return self.retry(self.records.read(document.id), client, lane)

    def retry(self, document: R, client: str, lane: str = INTERACTIVE) -> tuple[R, bool]:
        """(the document, whether it is run again): where it failed or lost a part."""
        if not document.status.over or not self.needs_run(document):
            return document, False
        return self.run_again(document, client, lane), True

    def status(self, document: R) -> Status:
        """As its document says."""
        return document.status

    def needs_run(self, document: R) -> bool:
        """It failed, its place was lost with the queue, or its numbers are lost."""
        if not document.status.over:
            return not self.services.jobs.knows(document)
        lost = set(self.records.lost_parts(document)) - {IMAGE}
        return document.status == Status.FAILED or bool(lost)

    def run_again(self, document: R, client: str = NOBODY, lane: str = INTERACTIVE) -> R:
        """Queue it afresh. Raises Lost when its image is gone too."""
        if IMAGE in self.records.lost_parts(document):
            raise Lost(
                "The image of this analysis is lost, so it cannot be run again by itself. Ask the "
                "question again with the same image: it gets the same permalink."
            )
        fresh = document.model_copy(update={"status": Status.QUEUED, "error": None})
        self.services.cache.drop(f"{document.id}/")
        self.records.write(fresh)
        self.services.start(fresh, lane, client)
        return fresh

    def stop(self, document: R) -> None:
        """Stop it at its next token or run, or at once when its turn has not come."""
        self.services.cancel(document)

    def release(self, document: R) -> None:
        """Off the queue; what runs is told to stop, and marked for its worker to sweep up."""
        jobs, bus = self.services.jobs, self.services.bus
        if jobs.withdraw(document):
            return
        bus.set_flag(_mark(document.id))
        jobs.cancel(document.id)
        # The worker sweeps after it has taken it off the queue: where it is off now, nobody may
        # look for the mark any more.
        if not jobs.knows(document):
            bus.clear_flag(_mark(document.id))

    def _create(self, document: R) -> bool:
        """Whether the record is new. Where it cannot be written, nothing is left of it."""
        try:
            return self.records.create(document)
        except FretboardError:
            with suppress(FretboardError):
                if not self.records.exists(document.id):
                    self.records.purge(document.id)
            raise


class CausalTestLife(RunLife[CausalTest]):
    """Of causal tests."""

    noun = "test"

    def __init__(self, services: Services) -> None:
        super().__init__(services, services.tests)


class AnswerLife(RunLife[Analysis]):
    """Of analyses: their causal tests go with them."""

    noun = "analysis"

    def __init__(self, services: Services) -> None:
        super().__init__(services, services.store)

    def erase(self, record_id: str) -> None:
        """With its causal tests. Raises NotFound."""
        tests = CausalTestLife(self.services)
        for test_id in self.services.tests.ids_of(record_id):
            tested = {test.analysis for test in readable(self.services.tests, test_id)}
            if tested <= {record_id}:  # not of another one whose id begins alike
                tests.erase(test_id)
        super().erase(record_id)


class ImageSetLife(LifeCycle[ImageSet]):
    """Of image sets, which live by their members."""

    noun = "set"

    def __init__(self, services: Services) -> None:
        super().__init__(services, services.sets)
        self._answers = AnswerLife(services)

    def status(self, document: ImageSet) -> Status:
        """running while a member waits or runs."""
        return Status(standing(member_statuses(self.services.store, document)))

    def needs_run(self, document: ImageSet) -> bool:
        """Whether a member does."""
        return any(map(self._answers.needs_run, self._members(document)))

    def run_again(
        self, document: ImageSet, client: str = NOBODY, lane: str = INTERACTIVE
    ) -> ImageSet:
        """Queue those members afresh that need it."""
        for analysis in self._members(document):
            if self._answers.needs_run(analysis):
                self._answers.run_again(analysis, client, lane)
        return document

    def stop(self, document: ImageSet) -> None:
        """Stop the members that wait or run."""
        for analysis in self._members(document):
            if not analysis.status.over:
                self._answers.stop(analysis)

    def release(self, document: ImageSet) -> None:
        """Of a private set the analyses go too, which were made for it alone."""
        salt = document.request.salt
        for analysis in self._members(document) if salt else ():
            if analysis.request.salt == salt:
                self._answers.erase(analysis.id)

    def _members(self, document: ImageSet) -> Iterator[Analysis]:
        ids = (member.analysis_id for member in document.members)
        return self.services.store.readable(filter(None, ids))


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


def readable(records: Records[D], record_id: str) -> Iterator[D]:
    """The document; none where there is none that can be read."""
    with suppress(NotFound):
        yield records.read(record_id)


def _forget(services: Services, record_id: str) -> None:
    """What lies outside the store. The order to stop stays while someone has yet to read it."""
    services.cache.drop(f"{record_id}/")
    services.bus.clear(record_id)
    if not services.bus.flag(_mark(record_id)):
        services.jobs.forget(record_id)


def _mark(record_id: str) -> str:
    return f"deleted:{record_id}"
