"""The worker's side of causal tests: run one, tell how far it is, keep what came of it."""

from typing import TYPE_CHECKING

from fretboard.core.analysis import Status
from fretboard.core.causal_test import BLANK, CausalTest
from fretboard.core.errors import Cancelled, InputError, NotFound
from fretboard.core.images import stored_image
from fretboard.jobs.services import Services
from fretboard.jobs.tasks.progress import progress

if TYPE_CHECKING:
    from fretboard.engine.analyze import Pipeline
    from fretboard.engine.causal.run import CausalMaterial, Report

STARTING = "The model reads the prompt and the image."


class CausalTester:
    """Causal tests on the generation thread: module patches are global, so one at a time."""

    def __init__(self, services: Services, pipeline: "Pipeline") -> None:
        self._services = services
        self._pipeline = pipeline

    def run(self, test_id: str) -> None:
        """Run one; again after a worker was killed, with the same result."""
        from fretboard.engine.causal.run import measure

        try:
            test = self._services.tests.read(test_id)
        except NotFound:  # deleted while it waited
            return
        if test.status.over:
            return
        test = test.model_copy(update={"status": Status.RUNNING})
        self._services.tests.write(test)
        event = {"type": "status", "status": "running", "message": STARTING}
        self._services.bus.publish(test_id, event)
        report = self._report(test)
        report(0.0, STARTING)
        checkpoint, vocabulary = self._pipeline.checkpoint, self._pipeline.vocabulary
        material = self._material(test)
        finished, arrays = measure(checkpoint, vocabulary, test, material, report)
        records = self._services.tests
        records.read(test.id)  # deleted while it ran: it stays deleted
        records.write_finished(finished, arrays)
        self._services.bus.publish(test.id, {"type": "done", "id": test.id})

    def _material(self, test: CausalTest) -> "CausalMaterial":
        from fretboard.engine.causal.run import CausalMaterial

        try:
            analysis = self._services.store.read(test.analysis)
        except NotFound as error:
            raise InputError(
                "The analysis was deleted while its test waited; ask the question again."
            ) from error
        image, other = self._services.store.image_of(analysis), None
        if test.other not in ("", BLANK):
            png = self._services.tests.read_other(test.id)
            other = stored_image(png)
        return CausalMaterial(image, other, tuple(token.id for token in analysis.tokens))

    def _report(self, test: CausalTest) -> "Report":
        cancelled = self._services.jobs.cancelled(test.id)
        publish = progress(self._services.bus, test.id)

        def report(share: float, message: str) -> None:
            if cancelled():
                raise Cancelled("The test was cancelled. Run it again when you like.")
            publish(share, message)

        return report
