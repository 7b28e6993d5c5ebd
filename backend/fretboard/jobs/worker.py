"""The worker: loads the model, runs what its queues hold, one generation at a time."""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from redis.exceptions import RedisError
from structlog.contextvars import bound_contextvars

from fretboard.core.analysis import Problem, Status, problem_of
from fretboard.core.errors import FretboardError
from fretboard.core.model_info import ServedModel, served_model
from fretboard.engine.load import load_pipeline
from fretboard.jobs.consumer import Consumer
from fretboard.jobs.counters import BUSY_SECONDS
from fretboard.jobs.fair_list import Work
from fretboard.jobs.heartbeat import Herald
from fretboard.jobs.life_cycle import sweep
from fretboard.jobs.queue import DERIVE, DERIVED, GENERATE, MAPS, Halted, queue_name
from fretboard.jobs.recovery import Upkeep
from fretboard.jobs.services import Services
from fretboard.jobs.tasks import Tasks

log = logging.getLogger(__name__)
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
        self._consumers: list[Consumer] = []
        self._upkeep: Upkeep | None = None
        beat = services.counters.flush
        self._herald = Herald(services.bus, beat, host=socket.gethostname(), pid=os.getpid())
        self._actors: dict[str, Callable[..., None]] = {}  # by the name in Work.actor

    def start(self) -> None:
        """Load the model and begin to take jobs. Announces loading, then ready or failed."""
        self._herald.say(name=self._services.settings.model, state="loading", detail=LOADING)
        try:
            served = served_model(self._services.settings.model)
            self._herald.say(**_announcement(served), state="loading", detail=LOADING)
            log.info("%s is being loaded", served.name)
            pipeline = load_pipeline(self._services.settings, self._services.store)
        except Exception as error:
            log.exception("the model could not be loaded")
            self._refuse(problem_of(error))
            return
        from fretboard.model.memory import free_bytes  # torch, which the pipeline has imported

        self._actors = Tasks(self._working, pipeline).actors
        self._consumers = [
            self._consumer(queue_name(GENERATE, served.revision), self._generate),
            # Beside: a page that waits for an array must not wait for the answer that is written.
            self._consumer(queue_name(DERIVED, served.revision), self._run),
            self._consumer(queue_name(MAPS, served.revision), self._run),
        ]
        self._upkeep = Upkeep(self._services, self._herald.worker, self._consumers)
        self._herald.say(state="ready", detail="", **pipeline.facts(), free_bytes=free_bytes())
        for consumer in self._consumers:
            consumer.start()
        self._upkeep.start()

    def stop(self) -> None:
        """Take nothing new, finish what runs within the grace period, else give it back."""
        grace = self._services.settings.grace_seconds
        end = time.monotonic() + grace + HALT_SECONDS
        halt = threading.Timer(grace, self._services.jobs.halted.set)
        halt.start()
        with suppress(RedisError, OSError):
            self._herald.say(state="stopping", detail=STOPPING)
        if self._upkeep is not None:
            self._upkeep.stop()
        for consumer in self._consumers:
            consumer.stop()
        for consumer in self._consumers:
            if not consumer.join(end - time.monotonic()):  # a step that takes very long
                with suppress(RedisError, OSError):  # it is missed all the same, only later
                    consumer.give_back()
        halt.cancel()
        with suppress(RedisError, OSError):
            self._services.counters.flush()
        with suppress(RedisError, OSError):
            self._herald.stop()

    def _consumer(self, queue: str, run: Callable[[list[Work]], None]) -> Consumer:
        most = self._services.settings.batch
        worker = self._herald.worker
        return Consumer(self._working, queue, worker, run, self._swept, most)

    def _refuse(self, problem: Problem) -> None:
        """The model cannot be loaded: say so, also to those who already wait for an answer.

        Where another worker serves it, they still get one.
        """
        name = self._services.settings.model
        self._herald.say(state="failed", detail=problem.detail)
        if self._services.bus.facts_of(name)["state"] == "failed":
            for analysis in self._services.unfinished():
                if analysis.model.name == name:
                    self._services.fail(analysis, problem)

    def _generate(self, works: list[Work]) -> None:
        """Work that the model runs alone; several works are analyses, and run as one batch."""
        model, started = self._services.settings.model, time.time()
        counters = self._services.counters
        for work in works:
            counters.waited(max(0.0, started - work.since), model=model, lane=work.lane)
        try:
            self._run(works)
        finally:
            counters.add(BUSY_SECONDS, time.time() - started, model=model)

    def _run(self, works: list[Work]) -> None:
        """Run them; what each kind of work does not tell by itself fails here."""
        with bound_contextvars(analysis=" ".join(record_of(work) for work in works)):
            try:
                if works[0].deaths >= MOST_DEATHS:
                    self._fail(works, Problem(title="The worker died", detail=DEADLY))
                else:
                    args = [work.id for work in works] if len(works) > 1 else works[0].args
                    self._actors[works[0].actor](*args)
            except Halted:
                with suppress(RedisError, OSError, FretboardError):
                    self._say_given_back(works)
                raise
            except Exception as error:
                if not isinstance(error, FretboardError):
                    log.exception("%s of %s failed", works[0].actor, works[0].id)
                self._fail(works, problem_of(error))

    def _swept(self, works: list[Work], seconds: float) -> None:
        """Once they are off the queue: nothing is left of what was deleted meanwhile."""
        for work in works:
            sweep(self._working, record_of(work))
        with bound_contextvars(analysis=" ".join(record_of(work) for work in works)):
            log.info("done in %.2f s", seconds)

    def _fail(self, works: list[Work], problem: Problem) -> None:
        for work in works:
            if work.actor == DERIVE:
                self._working.bus.publish(work.args[-1], {"type": "failed", **problem.model_dump()})
        for _, document in self._documents(works):
            if not document.status.over:
                self._working.fail(document, problem)

    def _documents(self, works: list[Work]) -> Iterator[tuple[Any, Any]]:
        """(where it is kept, the document) of each that can be read."""
        kinds = (self._services.store, self._services.tests)
        for work, records in ((work, records) for work in works for records in kinds):
            with suppress(FretboardError):  # of the other kind, deleted, or not to be read
                yield records, records.read(work.id)

    def _say_given_back(self, works: list[Work]) -> None:
        for records, document in self._documents(works):
            if document.status == Status.RUNNING:
                records.write(document.model_copy(update={"status": Status.QUEUED}))
                event = {"type": "status", "status": "queued", "message": GIVEN_BACK}
                self._services.bus.publish(document.id, event)


def record_of(work: Work) -> str:
    """The id of the record that it is about."""
    return work.id.partition("/")[0]


def _announcement(served: ServedModel) -> dict[str, Any]:
    """What web processes must know of the model, which they need not have on disk."""
    return served.model_dump(exclude={"state", "detail", "default", "workers"})
