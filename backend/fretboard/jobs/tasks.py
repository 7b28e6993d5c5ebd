"""What a worker does with each kind of work: run it, tell how far it is, keep what came of it."""

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from fretboard.core.analysis import Analysis, Status, problem_of, sibling_ids, token_event
from fretboard.core.arrays import Derived
from fretboard.core.causal_test import BLANK, CausalTest
from fretboard.core.errors import Cancelled, FretboardError, InputError, Lost, NotFound
from fretboard.core.images import stored_image
from fretboard.engine.compute import LocalCompute
from fretboard.jobs.bus import START
from fretboard.jobs.counters import FINISHED, TOKENS
from fretboard.jobs.queue import ANALYSE, DERIVE, EXPERIMENT
from fretboard.jobs.services import Services
from fretboard.store.analyses import ARRAYS, HIDDEN_STATES

if TYPE_CHECKING:
    from fretboard.engine.analyze import Pipeline
    from fretboard.engine.causal.run import CausalMaterial
    from fretboard.engine.run import Job

log = logging.getLogger(__name__)
WRITING = "The model writes its answer."
READING = "The model reads the prompt and the image."
REPORT_SECONDS = 0.3  # between two progress events: more would only fill the bus


class Tasks:
    """With one model. Each may run twice with the same result: its worker may have been killed.

    Module patches are global: of analyses and causal tests one runs at a time.
    """

    def __init__(self, services: Services, pipeline: "Pipeline") -> None:
        self._services, self._pipeline = services, pipeline
        self._compute = LocalCompute(services.store, services.sets, lambda _analysis: pipeline)
        self.actors: dict[str, Callable[..., None]] = {
            ANALYSE: self.analyse,
            EXPERIMENT: self.test,
            DERIVE: self.derive,
        }
        """By the name in `Work.actor`."""

    def analyse(self, *analysis_ids: str) -> None:
        """Run them in one batch where that can be; a failure becomes that one's own."""
        jobs = []
        for analysis_id in analysis_ids:
            with suppress(NotFound):  # deleted while it waited
                analysis = self._services.store.read(analysis_id)
                if not analysis.status.over:
                    jobs += self._begun(analysis)
        self._pipeline.analyse_together(jobs, self._tell)

    def test(self, test_id: str) -> None:
        """A causal test."""
        from fretboard.engine.causal.run import measure

        records = self._services.tests
        try:
            test = records.read(test_id)
        except NotFound:  # deleted while it waited
            return
        if test.status.over:
            return
        test = test.model_copy(update={"status": Status.RUNNING})
        records.write(test)
        self._running(test_id, READING)
        cancelled = self._services.jobs.cancelled(test_id)
        publish = self._progress(test_id)

        def report(share: float, message: str) -> None:
            if cancelled():
                raise Cancelled("The test was cancelled. Run it again when you like.")
            publish(share, message)

        report(0.0, READING)
        checkpoint, vocabulary = self._pipeline.checkpoint, self._pipeline.vocabulary
        finished, arrays = measure(checkpoint, vocabulary, test, self._material(test), report)
        records.read(test_id)  # deleted while it ran: it stays deleted
        records.write_finished(finished, arrays)
        self._emit(test_id, {"type": "done", "id": test_id})

    def derive(self, record_id: str, key: str, reply_topic: str) -> None:
        """Into the cache, what is kept into the record too; then tell who waits."""
        from fretboard.lens.maps.fit import Watch

        derived = Derived.parse(key)
        records: Any = self._services.sets if derived.role else self._services.store
        cancelled = self._services.jobs.cancelled(f"{record_id}/{derived.file}")
        watch = Watch(self._progress(reply_topic), cancelled)
        arrays, note = self._compute.arrays(records.read(record_id), derived, watch)
        if derived.is_kept:
            records.read(record_id)  # deleted while it was computed: it stays deleted
            records.write_arrays(record_id, derived.file, arrays, note)
        for name, array in arrays.items():
            self._services.cache.put(f"{record_id}/{derived.file}/{name}", array)
        self._emit(reply_topic, {"type": "done"})

    def _begun(self, analysis: Analysis) -> list["Job"]:
        """What is left to decode of it: nothing, where another lens's states are there."""
        running = analysis.model_copy(update={"status": Status.RUNNING, "answer": None})
        self._running(running.id, READING)
        try:
            self._services.store.write(running)
            return [] if self._read_again(running) else [self._job(running)]
        except Exception as error:
            self._fail(running, error)
            return []

    def _read_again(self, analysis: Analysis) -> bool:
        """From the states of the same question under another lens, where they are there."""
        sibling = self._sibling(analysis)
        if sibling is None:
            return False
        try:
            finished = self._pipeline.read_again(analysis, sibling)
        except Lost:
            return False
        for token in finished.tokens:
            self._emit(analysis.id, token_event(token))
        self._emit(analysis.id, {"type": "done", "id": analysis.id})
        return True

    def _sibling(self, analysis: Analysis) -> Analysis | None:
        """The same question, answered under another lens."""
        for other in sibling_ids(analysis):
            with suppress(NotFound):
                document = self._services.store.read(other)
                if document.status == Status.DONE:
                    return document
        return None

    def _job(self, analysis: Analysis) -> "Job":
        from fretboard.engine.run import Job

        def on_event(event: dict[str, Any]) -> None:
            if event["index"] == 0:
                self._running(analysis.id, WRITING)
            self._services.counters.add(TOKENS, model=analysis.model.name)
            self._emit(analysis.id, event)

        image = self._services.store.image_of(analysis)
        return Job(analysis, image, on_event, self._services.jobs.cancelled(analysis.id))

    def _tell(self, job: "Job", outcome: Analysis | Exception) -> None:
        """A failure becomes the document's error and a `failed` event; the worker goes on."""
        if isinstance(outcome, Exception):
            self._fail(job.analysis, outcome)
        else:
            self._services.counters.add(FINISHED, model=job.analysis.model.name)
            self._emit(job.analysis.id, {"type": "done", "id": job.analysis.id})

    def _fail(self, analysis: Analysis, error: Exception) -> None:
        if not isinstance(error, FretboardError):
            log.error("analysis %s failed", analysis.id, exc_info=error)
        # Half of what a record needs is of no use to anyone, and on a full disk in the way.
        with suppress(FretboardError):
            self._services.store.drop_arrays(analysis.id, HIDDEN_STATES, ARRAYS)
        written = analysis.model_copy(update={"answer": self._written(analysis)})
        self._services.fail(written, problem_of(error))

    def _written(self, analysis: Analysis) -> str | None:
        """What this attempt told before it ended; one that was given back told its tokens twice."""
        events = [event for _, event in self._services.bus.read(analysis.id, START)]
        ids = {event["index"]: event["id"] for event in events if event["type"] == "token"}
        return self._pipeline.checkpoint.written(list(ids.values())) or None

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
            other = stored_image(self._services.tests.read_other(test.id))
        return CausalMaterial(image, other, tuple(token.id for token in analysis.tokens))

    def _progress(self, topic: str) -> Callable[[float, str], None]:
        """A function that publishes the share done, in [0, 1], and what is done, now and then."""
        last = 0.0

        def publish(share: float, message: str) -> None:
            nonlocal last
            if time.monotonic() - last >= REPORT_SECONDS:
                last = time.monotonic()
                self._emit(topic, {"type": "progress", "share": share, "message": message})

        return publish

    def _running(self, record_id: str, message: str) -> None:
        self._emit(record_id, {"type": "status", "status": "running", "message": message})

    def _emit(self, topic: str, event: dict[str, Any]) -> None:
        self._services.bus.publish(topic, event)
