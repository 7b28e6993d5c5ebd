"""The worker: loads the model, takes jobs off the queue, runs the pipeline, reports progress."""

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dramatiq

from fretboard.deriving import Deriver
from fretboard.document import Analysis, Problem, Status, problem_of, sibling_ids, token_event
from fretboard.erasing import sweep
from fretboard.errors import FretboardError, Lost, NotFound
from fretboard.experimenting import Experimenter
from fretboard.images import stored_image
from fretboard.queue.announced import Herald
from fretboard.queue.jobs import (
    ANALYSE,
    DERIVE,
    DERIVED,
    EXPERIMENT,
    GENERATE,
    MAP,
    MAPS,
    NEXT,
    queue_name,
)
from fretboard.served import ServedModel, served_model
from fretboard.services import Services
from fretboard.settings import Settings
from fretboard.store.durable import AnalysisStore

if TYPE_CHECKING:
    from fretboard.pipeline import Pipeline

log = logging.getLogger(__name__)
ANALYSIS_TIME_LIMIT_MS = 24 * 3600 * 1000  # a 70B model on a CPU is slow, not hung
WRITING = "The model writes its answer."
LOADING = "The model is being loaded."
READING = "The model reads the prompt and the image."


class Worker:
    """One model; generations one at a time, derived arrays and maps beside them."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._pipeline: Pipeline
        self._revision = ""
        self._consumers: list[dramatiq.Worker] = []
        self._herald = Herald(services.bus, self._beat)
        # What the fair list may name: the generation thread runs one of them at a time.
        self._actors: dict[str, Callable[..., None]] = {ANALYSE: self._analyse}

    def start(self) -> None:
        """Load the model and begin to take jobs. Announces loading, then ready or failed."""
        self._herald.say(name=self._services.settings.model, state="loading", detail=LOADING)
        try:
            served = served_model(self._services.settings.model)
            self._herald.say(**_told(served), state="loading", detail=LOADING)
            self._pipeline = load_pipeline(self._services.settings, self._services.store)
        except Exception as error:
            log.exception("the model could not be loaded")
            self._refuse(problem_of(error))
            return
        self._revision = served.revision
        self._declare_actors()
        for kind in (GENERATE, DERIVED, MAPS):
            self._consume(kind)
        self._herald.say(
            state="ready", detail="", **self._pipeline.facts(), free_bytes=_free_bytes()
        )
        self._resume()

    def stop(self) -> None:
        """Finish the jobs at hand and stop taking new ones."""
        for consumer in self._consumers:
            consumer.stop()
        self._herald.stop()

    def _consume(self, kind: str) -> None:
        broker, queue = self._services.jobs.brokers[kind], queue_name(kind, self._revision)
        consumer = dramatiq.Worker(broker, queues={queue}, worker_threads=1, worker_timeout=100)
        consumer.queue_prefetch = 1  # the rest is for other workers
        consumer.start()
        self._consumers.append(consumer)

    def _beat(self) -> None:
        """Tell the broker too that this worker lives: a full consumer does not, however long."""
        if self._revision and self._services.settings.redis_url is not None:
            for kind, broker in self._services.jobs.brokers.items():
                broker.do_qsize(queue_name(kind, self._revision))

    def _resume(self) -> None:
        """Take up what was queued or running when the last process stopped.

        With Redis the queue itself survives and gives a dead worker's jobs to another.
        """
        if self._services.settings.redis_url is None:
            for document in self._services.unfinished():
                self._services.jobs.resume(document)

    def _refuse(self, problem: Problem) -> None:
        """The model cannot be loaded: say so, also to those who already wait for an answer.

        Where another worker serves it, they still get one.
        """
        name = self._services.settings.model
        self._herald.say(state="failed", detail=problem.detail)
        if self._services.bus.announced()[name]["state"] == "failed":
            for analysis in self._services.unfinished():
                if analysis.model.name == name:
                    self._services.fail(analysis, problem)

    def _declare_actors(self) -> None:
        self._actors[EXPERIMENT] = Experimenter(self._services, self._pipeline).experiment
        derive = Deriver(self._services, self._pipeline).derive
        self._actors[DERIVE] = derive
        for name, kind, act in (
            (NEXT, GENERATE, self._next),
            (DERIVE, DERIVED, derive),
            (MAP, MAPS, derive),
        ):
            dramatiq.actor(
                act,
                broker=self._services.jobs.brokers[kind],
                actor_name=name,
                queue_name=queue_name(kind, self._revision),
                max_retries=3,
                time_limit=ANALYSIS_TIME_LIMIT_MS,
            )

    def _next(self, ticket: str) -> None:
        """Run what is next in fair order; a ticket that comes again gets the same work again."""
        waiting = self._services.jobs.waiting
        work = waiting.change(self._revision, lambda fair: fair.take(ticket))
        if work is None:  # withdrawn while it waited
            return
        started = time.monotonic()
        self._actors[work.actor](*work.args)
        sweep(self._services, work.id.partition("/")[0])
        seconds = time.monotonic() - started
        waiting.change(self._revision, lambda fair: fair.finish(ticket, seconds))

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
        if not self._read_again(analysis):
            self._generate(analysis)
        self._emit(analysis, {"type": "done", "id": analysis.id})

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
        return True

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
            image = stored_image(png)
        # Loaded with the model by now.
        from fretboard.pipeline import Job

        job = Job(
            analysis,
            image,
            lambda event: self._progress(analysis, event),
            self._services.jobs.cancelled(analysis.id),
        )
        self._pipeline.analyse(job)

    def _report(self, analysis: Analysis, run: Callable[[], None]) -> None:
        """A failure becomes the document's error and a `failed` event; the worker goes on."""
        try:
            run()
        except Exception as error:
            if not isinstance(error, FretboardError):
                log.exception("analysis %s failed", analysis.id)
            self._services.fail(analysis, problem_of(error))

    def _progress(self, analysis: Analysis, event: dict[str, Any]) -> None:
        if event["index"] == 0:
            self._emit(analysis, {"type": "status", "status": "running", "message": WRITING})
        self._emit(analysis, event)

    def _emit(self, analysis: Analysis, event: dict[str, Any]) -> None:
        self._services.bus.publish(analysis.id, event)


def _told(served: ServedModel) -> dict[str, Any]:
    """What web processes must know of the model, which they need not have on disk."""
    return served.model_dump(exclude={"state", "detail", "default", "workers"})


def _free_bytes() -> int:
    from fretboard.model.memory import free_bytes

    return free_bytes()


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
