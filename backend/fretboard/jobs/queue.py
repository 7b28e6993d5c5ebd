"""Put work on the queue by name, so that a web process needs none of the worker's code.

Every model revision has queues of its own, so that a job reaches only workers that serve it.
Generations of a model go through its fair list (`waiting.py`), in two lanes: interactive before
batch. Derived arrays and maps are answered beside them, maps by any worker.
"""

import threading
import uuid
from collections.abc import Callable
from typing import Any

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.brokers.stub import StubBroker

from fretboard.core.analysis import Analysis
from fretboard.core.arrays import Derived
from fretboard.core.causal_test import CausalTest
from fretboard.core.question import AnalysisRequest
from fretboard.core.repair import RepairKind
from fretboard.jobs.bus import Bus
from fretboard.jobs.fair_list import BATCH, INTERACTIVE, Place, Work
from fretboard.jobs.lists import Waiting

GENERATE, DERIVED, MAPS = "generate", "derived", "maps"
ANALYSE, EXPERIMENT, NEXT, DERIVE, MAP = "analyse", "experiment", "next", "derive", "map"
NOBODY = ""  # the client of work that no request stands behind
# RedisBroker returns the messages of a dead worker with this chance in a million per call; its
# default of 1000 takes minutes in a small deployment.
MAINTENANCE_CHANCE = 300_000
# A worker that has said nothing for so long is dead; its herald speaks far more often.
DEAD_AFTER_MS = 15_000


def make_brokers(redis_url: str | None) -> dict[str, dramatiq.Broker]:
    """The broker of each kind of queue: in this process without Redis, RedisBroker with it.

    Each kind has a broker, and so a consumer, of its own: a page that waits for a derived array
    must not wait for the generation that runs. Nor for a map, which takes seconds.
    """
    return {kind: _broker(redis_url) for kind in (GENERATE, DERIVED, MAPS)}


def _broker(redis_url: str | None) -> dramatiq.Broker:
    if redis_url is None:
        return StubBroker()
    return RedisBroker(
        url=redis_url,
        namespace="fretboard:jobs",
        maintenance_chance=MAINTENANCE_CHANCE,
        heartbeat_timeout=DEAD_AFTER_MS,
    )


def queue_name(kind: str, revision: str) -> str:
    """The queue of a kind for a model revision; maps need no model and share one."""
    return MAPS if kind == MAPS else f"{kind}.{revision}"


class Halted(BaseException):
    """This process stops: the work goes back onto the queue. No `except Exception` may stop it."""


class Jobs:
    """Enqueue and cancel. Every kind of job may run twice with the same result."""

    def __init__(self, brokers: dict[str, dramatiq.Broker], bus: Bus, waiting: Waiting) -> None:
        self.brokers = brokers
        self.waiting = waiting
        self.halted = threading.Event()  # set: what runs in this process is given back
        self._bus = bus

    def analyse(
        self,
        analysis: Analysis,
        lane: str = INTERACTIVE,
        client: str = NOBODY,
        share: float = 0.0,
    ) -> None:
        """Compute an analysis whose document is in the store; earlier attempts are forgotten.

        share: of the worker's memory that it is expected to take; batches stay below 1.
        """
        self.allow(analysis.id)
        self._bus.clear(analysis.id)
        self.resume(analysis, lane, client, share)

    def causal_test(self, test: CausalTest, client: str = NOBODY) -> None:
        """Run a causal test whose document is in the store; earlier attempts are forgotten."""
        self.allow(test.id)
        self._bus.clear(test.id)
        self.resume(test, BATCH, client)

    def resume(
        self,
        document: Analysis | CausalTest,
        lane: str = INTERACTIVE,
        client: str = NOBODY,
        share: float = 0.0,
    ) -> None:
        """Like `analyse`, for one that is already being followed. Causal tests are batch work."""
        tested = isinstance(document, CausalTest)
        work = Work(
            id=document.id,
            actor=EXPERIMENT if tested else ANALYSE,
            args=[document.id],
            group="" if isinstance(document, CausalTest) else _group(document.request),
            share=share,
        )
        self.put(document.model.revision, work, BATCH if tested else lane, client)

    def put(self, revision: str, work: Work, lane: str, client: str = NOBODY) -> None:
        """Work for the model's generation thread, in the client's turn; `worker.py` has its actor.

        client: whose turn it takes: an access token or an address, hashed or not.
        """
        self.waiting.change(revision, lambda fair: fair.add(lane, client, work))
        self.nudge(revision)

    def derive(self, record_id: str, revision: str, wanted: Derived, reply_topic: str) -> None:
        """Compute derived arrays; `progress`, then `done` or `failed` go to the reply topic."""
        if wanted.runs_model:  # skipped layers patch its modules: nothing may run beside
            args = [record_id, wanted.key, reply_topic]
            work = Work(id=f"{record_id}/{wanted.file}", actor=DERIVE, args=args)
            self.put(revision, work, INTERACTIVE)
            return
        kind, actor = (MAPS, MAP) if wanted.is_map else (DERIVED, DERIVE)
        self._enqueue(kind, revision, actor, record_id, wanted.key, reply_topic)

    def cancel(self, work: str) -> None:
        """Ask the worker to stop: an analysis id, or `<record id>/<derived file>`."""
        self._bus.set_flag(_cancel_flag(work))

    def withdraw(self, revision: str, work: str) -> bool:
        """Take waiting work off the model's list; False when it runs already, or is unknown."""
        return self.waiting.change(revision, lambda fair: fair.remove(work))

    def place(self, document: Analysis | CausalTest) -> Place | None:
        """Where it stands in its model's list; None when it does not wait."""
        workers = self._bus.announced().get(document.model.name, {}).get("workers", 0)
        return self.waiting.look(document.model.revision).place(document.id, workers)

    def allow(self, work: str) -> None:
        """Forget that it was cancelled; before anyone can cancel the new attempt."""
        self._bus.clear_flag(_cancel_flag(work))

    def forget(self, record_id: str) -> None:
        """No order to stop is left, for the record or its derived files."""
        self._bus.clear_flags(_cancel_flag(record_id))

    def cancelled(self, work: str) -> Callable[[], bool]:
        """A function that tells whether the work was cancelled; raises Halted in a stopped worker.

        Every kind of work asks it at each of its steps.
        """

        def asked() -> bool:
            if self.halted.is_set():
                raise Halted
            return self._bus.flag(_cancel_flag(work))

        return asked

    def give_back(self, revision: str, ticket: str, died: bool = False) -> None:
        """What runs under the ticket is next again; `died`: with its worker."""
        for _ in range(self.waiting.change(revision, lambda fair: fair.give_back(ticket, died))):
            self.nudge(revision)

    def nudge(self, revision: str) -> None:
        """Have a worker take what is next, if anything is."""
        self._enqueue(GENERATE, revision, NEXT, uuid.uuid4().hex)

    def again(self, kind: str, revision: str, actor: str, *args: Any) -> None:
        """The same message once more, for another worker."""
        self._enqueue(kind, revision, actor, *args)

    def _enqueue(self, kind: str, revision: str, actor: str, *args: Any) -> None:
        broker, queue = self.brokers[kind], queue_name(kind, revision)
        broker.declare_queue(queue)
        message: dramatiq.Message = dramatiq.Message(
            queue_name=queue, actor_name=actor, args=args, kwargs={}, options={}
        )
        broker.enqueue(message)


def _group(request: AnalysisRequest) -> str:
    """Analyses that one decoding batch can hold: the model as it is, or without the same layers."""
    if request.repair.kind is not RepairKind.NONE:
        return ""
    kind = "text" if request.image is None else "image"
    return f"{kind}:{request.skip_layers}:{request.skip_when}"


def _cancel_flag(analysis_id: str) -> str:
    return f"cancel:{analysis_id}"
