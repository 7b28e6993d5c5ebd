"""The worker's side of analyses: run one or a batch, tell of every token, fail each apart."""

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from fretboard.core.analysis import Analysis, Status, problem_of, sibling_ids, token_event
from fretboard.core.errors import FretboardError, Lost, NotFound
from fretboard.jobs.bus import START
from fretboard.jobs.counters import FINISHED, TOKENS
from fretboard.jobs.services import Services
from fretboard.store.analyses import ARRAYS, HIDDEN_STATES

if TYPE_CHECKING:
    from fretboard.engine.analyze import Pipeline
    from fretboard.engine.run import Job

log = logging.getLogger(__name__)
WRITING = "The model writes its answer."
READING = "The model reads the prompt and the image."


class Analyst:
    """Analyses on the generation thread; running one twice gives the same record."""

    def __init__(self, services: Services, pipeline: "Pipeline") -> None:
        self._services = services
        self._pipeline = pipeline

    def analyse(self, *analysis_ids: str) -> None:
        """Run them in one batch where that can be; a failure becomes that one's own."""
        jobs = []
        for analysis_id in analysis_ids:
            with suppress(NotFound):  # deleted while it waited
                analysis = self._services.store.read(analysis_id)
                if not analysis.status.over:
                    jobs += self._begun(analysis)
        self._pipeline.analyse_together(jobs, self._tell)

    def _begun(self, analysis: Analysis) -> list["Job"]:
        """What is left to decode of it: nothing, where another lens's states are there."""
        running = analysis.model_copy(update={"status": Status.RUNNING, "answer": None})
        self._emit(running, {"type": "status", "status": "running", "message": READING})
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
            self._emit(analysis, token_event(token))
        self._emit(analysis, {"type": "done", "id": analysis.id})
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

        image = self._services.store.image_of(analysis)
        cancelled = self._services.jobs.cancelled(analysis.id)
        return Job(analysis, image, lambda event: self._progress(analysis, event), cancelled)

    def _tell(self, job: "Job", outcome: Analysis | Exception) -> None:
        """A failure becomes the document's error and a `failed` event; the worker goes on."""
        if isinstance(outcome, Exception):
            self._fail(job.analysis, outcome)
        else:
            self._services.counters.add(FINISHED, model=job.analysis.model.name)
            self._emit(job.analysis, {"type": "done", "id": job.analysis.id})

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

    def _progress(self, analysis: Analysis, event: dict[str, Any]) -> None:
        if event["index"] == 0:
            self._emit(analysis, {"type": "status", "status": "running", "message": WRITING})
        self._services.counters.add(TOKENS, model=analysis.model.name)
        self._emit(analysis, event)

    def _emit(self, analysis: Analysis, event: dict[str, Any]) -> None:
        self._services.bus.publish(analysis.id, event)
