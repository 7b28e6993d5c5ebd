"""The worker: loads the model, takes jobs off the queue, runs the pipeline, reports progress."""

import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dramatiq

from fretboard.deriving import Deriver
from fretboard.document import Analysis, Problem, Status, problem_of, sibling_ids, token_event
from fretboard.errors import FretboardError, NotFound
from fretboard.images import read_picture
from fretboard.queue.jobs import ANALYSE, BATCH, DERIVE, DERIVED, INTERACTIVE, MAP, MAPS
from fretboard.served import ServedModel, served_model
from fretboard.services import Services
from fretboard.settings import Settings
from fretboard.store.durable import AnalysisStore

if TYPE_CHECKING:
    from fretboard.pipeline import Pipeline

log = logging.getLogger(__name__)
ANALYSIS_TIME_LIMIT_MS = 24 * 3600 * 1000  # a 70B model on a CPU is slow, not hung
WRITING = "The model writes its answer."
READING = "The model reads the prompt and the image."
UNLIMITED_PIXELS = 2**63  # a stored image has passed the upload limit


class Worker:
    """One model; generations one at a time, derived arrays and maps beside them."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._pipeline: Pipeline
        self._consumers: list[dramatiq.Worker] = []

    def start(self) -> None:
        """Load the model and begin to take jobs. Announces loading, then ready or failed."""
        try:
            served = served_model(self._services.settings.model)
            self._announce(served, "loading", "The model is being loaded.")
            self._pipeline = load_pipeline(self._services.settings, self._services.store)
        except Exception as error:
            log.exception("the model could not be loaded")
            self._refuse(problem_of(error))
            return
        self._declare_actors()
        for queues in ({INTERACTIVE, BATCH}, {DERIVED}, {MAPS}):
            broker = self._services.jobs.brokers[min(queues)]
            consumer = dramatiq.Worker(broker, queues=queues, worker_threads=1, worker_timeout=100)
            consumer.start()
            self._consumers.append(consumer)
        self._announce(served, "ready", "", self._pipeline.facts())
        self._resume()

    def _resume(self) -> None:
        """Take up what was queued or running when the last process stopped.

        With Redis the queue itself survives and gives a dead worker's jobs to another.
        """
        if self._services.settings.redis_url is None:
            for analysis in self._services.unfinished():
                self._services.jobs.resume(analysis.id)

    def _refuse(self, problem: Problem) -> None:
        """The model cannot be loaded: say so, also to those who already wait for an answer."""
        self._services.bus.announce(
            self._services.settings.model, {"state": "failed", "detail": problem.detail}
        )
        for analysis in self._services.unfinished():
            self._fail(analysis, problem)

    def stop(self) -> None:
        """Finish the jobs at hand and stop taking new ones."""
        for consumer in self._consumers:
            consumer.stop()

    def _announce(
        self, served: ServedModel, state: str, detail: str, facts: dict[str, Any] | None = None
    ) -> None:
        told = {"state": state, "detail": detail}
        self._services.bus.announce(served.name, told | (facts or {}))

    def _declare_actors(self) -> None:
        derive = Deriver(self._services, self._pipeline).derive
        for name, queue, act in (
            (ANALYSE, INTERACTIVE, self._analyse),
            (DERIVE, DERIVED, derive),
            (MAP, MAPS, derive),
        ):
            dramatiq.actor(
                act,
                broker=self._services.jobs.brokers[queue],
                actor_name=name,
                queue_name=queue,
                max_retries=3,
                time_limit=ANALYSIS_TIME_LIMIT_MS,
            )

    def _analyse(self, analysis_id: str) -> None:
        """Run one analysis; running it twice gives the same record."""
        store = self._services.store
        try:
            analysis = store.read(analysis_id)
        except NotFound:  # deleted while it waited
            return
        if analysis.status == Status.DONE:
            return
        analysis = analysis.model_copy(update={"status": Status.RUNNING})
        store.write(analysis)
        self._emit(analysis, {"type": "status", "status": "running", "message": READING})
        self._report(analysis, lambda: self._run(analysis))

    def _run(self, analysis: Analysis) -> None:
        sibling = self._sibling(analysis)
        if sibling is not None:
            for token in self._pipeline.read_again(analysis, sibling).tokens:
                self._emit(analysis, token_event(token))
        else:
            self._generate(analysis)
        self._emit(analysis, {"type": "done", "id": analysis.id})

    def _sibling(self, analysis: Analysis) -> Analysis | None:
        """The same question, answered under another lens."""
        for other in sibling_ids(analysis):
            with suppress(NotFound):
                found = self._services.store.read(other)
                if found.status == Status.DONE:
                    return found
        return None

    def _generate(self, analysis: Analysis) -> None:
        image = None
        if analysis.request.image is not None:
            png = self._services.store.read_image(analysis.id)
            image = read_picture(png, UNLIMITED_PIXELS).image
        self._pipeline.analyse(
            analysis,
            image,
            lambda event: self._progress(analysis, event),
            self._services.jobs.cancelled(analysis.id),
        )

    def _report(self, analysis: Analysis, run: Callable[[], None]) -> None:
        """A failure becomes the document's error and a `failed` event; the worker goes on."""
        try:
            run()
        except Exception as error:
            if not isinstance(error, FretboardError):
                log.exception("analysis %s failed", analysis.id)
            self._fail(analysis, problem_of(error))

    def _fail(self, analysis: Analysis, problem: Problem) -> None:
        failed = analysis.model_copy(update={"status": Status.FAILED, "error": problem})
        with suppress(NotFound):  # deleted while it ran: it stays deleted
            self._services.store.read(analysis.id)
            self._services.store.write(failed)
        self._emit(analysis, {"type": "failed", **problem.model_dump()})

    def _progress(self, analysis: Analysis, event: dict[str, Any]) -> None:
        if event["index"] == 0:
            self._emit(analysis, {"type": "status", "status": "running", "message": WRITING})
        self._emit(analysis, event)

    def _emit(self, analysis: Analysis, event: dict[str, Any]) -> None:
        self._services.bus.publish(analysis.id, event)


def load_pipeline(settings: Settings, store: AnalysisStore) -> "Pipeline":
    """The served model, loaded, with its tokenizer published to the store."""
    # torch and transformers take seconds to import: only here, never in a web process.
    from fretboard.model.checkpoint import load
    from fretboard.pipeline import Pipeline

    served = served_model(settings.model)
    from_hub = served.source == served.name and not Path(served.source).is_dir()
    revision = served.revision if from_hub else None
    checkpoint = load(served.source, revision, settings.device, settings.dtype)
    store.write_tokenizer(served.revision, checkpoint.tokenizer_json)
    return Pipeline(checkpoint, store)
