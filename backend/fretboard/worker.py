"""The worker: loads the model, takes jobs off the queue, runs the pipeline, reports progress."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dramatiq

from fretboard.analysing import Analyst
from fretboard.deriving import Deriver
from fretboard.document import Problem, problem_of
from fretboard.erasing import sweep
from fretboard.experimenting import Experimenter
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
LOADING = "The model is being loaded."


class Worker:
    """One model; generations one at a time, derived arrays and maps beside them."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._pipeline: Pipeline
        self._revision = ""
        self._consumers: list[dramatiq.Worker] = []
        self._herald = Herald(services.bus, self._beat)
        # What the fair list may name: the generation thread runs one of them at a time.
        self._actors: dict[str, Callable[..., None]] = {}

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
        self._actors[ANALYSE] = Analyst(self._services, self._pipeline).analyse
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
        """Run what is next in fair order; a ticket that comes again gets the same work again.

        Works of one group are analyses, and run as one batch.
        """
        waiting, most = self._services.jobs.waiting, self._services.settings.batch
        works = waiting.change(self._revision, lambda fair: fair.take(ticket, most))
        if not works:  # withdrawn while it waited, or taken along with another
            return
        started = time.monotonic()
        if len(works) > 1:
            self._actors[ANALYSE](*(work.id for work in works))
        else:
            self._actors[works[0].actor](*works[0].args)
        for work in works:
            sweep(self._services, work.id.partition("/")[0])
        seconds = time.monotonic() - started
        waiting.change(self._revision, lambda fair: fair.finish(ticket, seconds))


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
