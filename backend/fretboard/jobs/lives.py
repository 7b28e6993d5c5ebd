"""What sets the life of an answer, a causal test and an image set apart."""

from collections.abc import Iterator

from fretboard.analysis.image_sets import member_statuses, standing
from fretboard.core.analysis import Analysis, Status
from fretboard.core.causal_test import CausalTest
from fretboard.core.image_set import ImageSet
from fretboard.jobs.fair_list import INTERACTIVE
from fretboard.jobs.life_cycle import LifeCycle, RunLife, readable
from fretboard.jobs.queue import NOBODY
from fretboard.jobs.services import Services


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
