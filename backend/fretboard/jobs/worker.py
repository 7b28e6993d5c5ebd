"""The worker: loads the model, takes jobs off the queue, runs the pipeline, reports progress."""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import dramatiq
from redis.exceptions import RedisError
from structlog.contextvars import bound_contextvars

from fretboard.core.analysis import Problem, Status, problem_of
from fretboard.core.errors import FretboardError
from fretboard.core.model_info import ServedModel, served_model
from fretboard.engine.load import free_bytes, load_pipeline
from fretboard.jobs.counters import BUSY_SECONDS
from fretboard.jobs.delete import sweep
from fretboard.jobs.fair_list import Work
from fretboard.jobs.heartbeat import Herald
from fretboard.jobs.queue import (
    ANALYSE,
    DERIVE,
    DERIVED,
    EXPERIMENT,
    GENERATE,
    MAP,
    MAPS,
    NEXT,
    Halted,
    queue_name,
)
from fretboard.jobs.recovery import Upkeep
from fretboard.jobs.services import Services
from fretboard.jobs.tasks.analyze import Analyst
from fretboard.jobs.tasks.causal_test import CausalTester
from fretboard.jobs.tasks.derive import Deriver

if TYPE_CHECKING:
    from fretboard.engine.analyze import Pipeline

log = logging.getLogger(__name__)
ANALYSIS_TIME_LIMIT_MS = 24 * 3600 * 1000  # a 70B model on a CPU is slow, not hung
LOADING = "The model is being loaded."
STOPPING = "It finishes what it has begun, and takes nothing new."
GIVEN_BACK = "Its worker was stopped; it is next for another one."
MOST_DEATHS = 3  # of workers that ran the same work
DEADLY = (
    f"{MOST_DEATHS} workers died while they ran this, most likely for want of memory. Ask for "
    "fewer new tokens or a smaller image, or give the workers more memory."
)
HALT_SECONDS = 5.0  # for a step of the model to end, after the grace period


class Worker:
    """One model; generations one at a time, derived arrays and maps beside them."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._working = services.patient()  # of the threads with work in hand
        self._pipeline: Pipeline
        self._revision = ""
        self._consumers: list[dramatiq.Worker] = []
        self._upkeep: Upkeep | None = None
        self._herald = Herald(services.bus, self._beat, host=socket.gethostname(), pid=os.getpid())
        self._ticket = ""  # of what the generation thread runs
        self._works: list[Work] = []
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
        self._upkeep = Upkeep(self._services, self._herald.worker, self._revision, self._running)
        self._declare_actors()
        for kind in (GENERATE, DERIVED, MAPS):
            self._consume(kind)
        self._herald.say(
            state="ready", detail="", **self._pipeline.facts(), free_bytes=free_bytes()
        )
        self._resume()
        self._upkeep.start()

    def stop(self) -> None:
        """Take nothing new, finish what runs within the grace period, else give it back."""
        if self._upkeep is not None:
            self._upkeep.stop()
        grace = self._services.settings.grace_seconds
        patience = {"timeout": int(1000 * (grace + HALT_SECONDS))}
        halt = threading.Timer(grace, self._services.jobs.halted.set)
        ends = [threading.Thread(target=one.stop, kwargs=patience) for one in self._consumers]
        with suppress(RedisError, OSError):
            self._herald.say(state="stopping", detail=STOPPING)
        for thread in (halt, *ends):
            thread.start()
        for thread in ends:
            thread.join()
        halt.cancel()
        with suppress(RedisError, OSError):  # the broker finds out by itself, only later
            if self._ticket:  # a step of the model that takes very long
                self._services.jobs.give_back(self._revision, self._ticket)
            self._services.counters.flush()
            self._herald.stop()

    def _consume(self, kind: str) -> None:
        broker, queue = self._services.jobs.brokers[kind], queue_name(kind, self._revision)
        consumer = dramatiq.Worker(broker, queues={queue}, worker_threads=1, worker_timeout=100)
        consumer.queue_prefetch = 1  # the rest is for other workers
        consumer.start()
        self._consumers.append(consumer)

    def _beat(self) -> None:
        """Tell the broker too that this worker lives: a full consumer does not, however long."""
        self._services.counters.flush()
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
        self._actors[ANALYSE] = Analyst(self._working, self._pipeline).analyse
        self._actors[EXPERIMENT] = CausalTester(self._working, self._pipeline).run
        self._actors[DERIVE] = Deriver(self._working, self._pipeline).derive
        for name, kind, act in (
            (NEXT, GENERATE, self._next),
            (DERIVE, DERIVED, self._beside(DERIVED, DERIVE)),
            (MAP, MAPS, self._beside(MAPS, MAP)),
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
        waiting, most = self._working.jobs.waiting, self._services.settings.batch
        owner = self._herald.worker
        works = waiting.change(self._revision, lambda fair: fair.take(ticket, most, owner))
        if not works:  # withdrawn while it waited, or taken along with another
            return
        model, counters = self._services.settings.model, self._services.counters
        for work in works:
            counters.waited(max(0.0, time.time() - work.since), model=model, lane=work.lane)
        self._works, self._ticket, started = works, ticket, time.monotonic()
        try:
            with bound_contextvars(analysis=" ".join(work.id for work in works)):
                self._run(works)
                log.info("done in %.2f s", time.monotonic() - started)
        except Halted:
            self._give_back(ticket, works)
        except Exception as error:  # outside of what each kind of work tells by itself
            log.exception("work of this ticket failed")
            self._fail(works, problem_of(error))
        seconds = time.monotonic() - started
        counters.add(BUSY_SECONDS, seconds, model=model)
        waiting.change(self._revision, lambda fair: fair.finish(ticket, seconds))
        self._ticket = ""

    def _running(self) -> tuple[str, list[Work]]:
        return self._ticket, self._works

    def _fail(self, works: list[Work], problem: Problem) -> None:
        for _, document in self._documents(works):
            if document.status in (Status.QUEUED, Status.RUNNING):
                self._working.fail(document, problem)

    def _documents(self, works: list[Work]) -> Iterator[tuple[Any, Any]]:
        """(where it is kept, the document) of each that can be read."""
        kinds = (self._services.store, self._services.tests)
        for work, records in ((work, records) for work in works for records in kinds):
            with suppress(FretboardError):  # of the other kind, deleted, or not to be read
                yield records, records.read(work.id)

    def _run(self, works: list[Work]) -> None:
        if works[0].deaths >= MOST_DEATHS:
            self._fail(works, Problem(title="The worker died", detail=DEADLY))
            return
        if len(works) > 1:
            self._actors[ANALYSE](*(work.id for work in works))
        else:
            self._actors[works[0].actor](*works[0].args)
        for work in works:
            sweep(self._working, work.id.partition("/")[0])

    def _give_back(self, ticket: str, works: list[Work]) -> None:
        """To the front of the fair list, and say so."""
        for records, document in self._documents(works):
            if document.status == Status.RUNNING:
                records.write(document.model_copy(update={"status": Status.QUEUED}))
                told = {"type": "status", "status": "queued", "message": GIVEN_BACK}
                self._services.bus.publish(document.id, told)
        self._services.jobs.give_back(self._revision, ticket)

    def _beside(self, kind: str, name: str) -> Callable[..., None]:
        """Derived arrays beside the generations; given back too when the worker is stopped."""

        def run(record_id: str, *rest: Any) -> None:
            try:
                with bound_contextvars(analysis=record_id):
                    self._actors[DERIVE](record_id, *rest)
            except Halted:
                self._services.jobs.again(kind, self._revision, name, record_id, *rest)

        return run


def _told(served: ServedModel) -> dict[str, Any]:
    """What web processes must know of the model, which they need not have on disk."""
    return served.model_dump(exclude={"state", "detail", "default", "workers"})
