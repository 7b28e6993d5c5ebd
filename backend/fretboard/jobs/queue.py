"""Put work on a queue by name, so that a web process needs none of the worker's code.

Every model revision has queues of its own, so that a job reaches only workers that serve it: one
of generations, in two lanes, interactive before batch; one of derived arrays, answered beside them.
Maps have one queue for all, for any worker makes them.
"""

import threading
import time
from collections.abc import Callable

from fretboard.core.analysis import Analysis
from fretboard.core.arrays import Derived
from fretboard.core.causal_test import CausalTest
from fretboard.core.errors import Cancelled
from fretboard.core.image_set import ImageSet
from fretboard.core.question import AnalysisRequest
from fretboard.core.repair import RepairKind
from fretboard.jobs.bus import Bus
from fretboard.jobs.fair_list import BATCH, INTERACTIVE, Place, Work
from fretboard.jobs.lists import Waiting

GENERATE, DERIVED, MAPS = "generate", "derived", "maps"
ANALYSE, EXPERIMENT, DERIVE = "analyse", "experiment", "derive"
NOBODY = ""  # the client of work that no request stands behind
LIMIT_SECONDS = 24 * 3600.0  # of one run: a 70B model on a CPU is slow, not hung


def queue_name(kind: str, revision: str) -> str:
    """The queue of a kind for a model revision; maps need no model and share one."""
    return {GENERATE: revision, MAPS: MAPS}.get(kind, f"{kind}.{revision}")


def wake_topic(queue: str) -> str:
    """What the bus wakes when something is put on that queue."""
    return f"queue:{queue}"


class Halted(BaseException):
    """This process stops: the work goes back onto the queue. No `except Exception` may stop it."""


class Jobs:
    """Put on queues, and cancel. Every kind of work may run twice with the same result."""

    def __init__(self, bus: Bus, waiting: Waiting) -> None:
        self.waiting = waiting
        self.halted = threading.Event()  # set: what runs in this process is given back
        self._bus = bus

    def start(
        self,
        document: Analysis | CausalTest,
        lane: str = INTERACTIVE,
        client: str = NOBODY,
        share: float = 0.0,
        followed: bool = False,
    ) -> None:
        """Compute what its document in the store asks. Causal tests are batch work.

        client: whose turn it takes: an access token or an address, hashed or not. share: of the
        worker's memory that it is expected to take; batches stay below 1. followed: somebody does
        already; else earlier attempts are forgotten.
        """
        if not followed:
            self.allow(document.id)
            self._bus.clear(document.id)
        work = Work(id=document.id, actor=ANALYSE, args=[document.id], share=share)
        if isinstance(document, CausalTest):
            work.actor, lane = EXPERIMENT, BATCH
        else:
            work.group = _group(document.request)
        self.put(document.model.revision, work, lane, client)

    def put(self, queue: str, work: Work, lane: str = INTERACTIVE, client: str = NOBODY) -> None:
        """Work in the client's turn; an idle worker is woken."""
        self.waiting.change(queue, lambda fair: fair.add(lane, client, work))
        self._bus.wake(wake_topic(queue))

    def derive(self, record: Analysis | ImageSet, derived: Derived, reply_topic: str) -> None:
        """Compute derived arrays; `progress`, then `done` or `failed` go to the reply topic."""
        # Skipped layers patch the model's modules: nothing may run beside.
        kind = GENERATE if derived.runs_model else MAPS if derived.is_map else DERIVED
        revision = "" if isinstance(record, ImageSet) else record.model.revision
        args = [record.id, derived.key, reply_topic]
        work = Work(id=f"{record.id}/{derived.file}", actor=DERIVE, args=args)
        self.put(queue_name(kind, revision), work)

    def cancel(self, work: str) -> None:
        """Ask the worker to stop: an analysis id, or `<record id>/<derived file>`."""
        self._bus.set_flag(_cancel_flag(work))

    def withdraw(self, document: Analysis | CausalTest) -> bool:
        """Take waiting work off its queue; False when it runs already, or is unknown."""
        return self.waiting.change(document.model.revision, lambda fair: fair.remove(document.id))

    def knows(self, document: Analysis | CausalTest) -> bool:
        """Whether it waits or runs."""
        return self.waiting.look(document.model.revision).knows(document.id)

    def place(self, document: Analysis | CausalTest) -> Place | None:
        """Where it stands in its queue; None when it does not wait."""
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

        Every kind of work asks it at each of its steps. Raises Cancelled after LIMIT_SECONDS.
        """
        end = time.monotonic() + LIMIT_SECONDS

        def stops() -> bool:
            if self.halted.is_set():
                raise Halted
            if time.monotonic() > end:
                raise Cancelled(f"It ran for {LIMIT_SECONDS / 3600:.0f} hours. Ask for less.")
            return self._bus.flag(_cancel_flag(work))

        return stops

    def give_back(self, queue: str, worker: str, died: bool = False) -> None:
        """What the worker took is next again; `died`: the worker."""
        if self.waiting.change(queue, lambda fair: fair.give_back(worker, died)):
            self._bus.wake(wake_topic(queue))

    def revisions(self) -> list[str]:
        """Models that have, or had, a queue of generations."""
        beside = (MAPS, queue_name(DERIVED, ""))
        return [name for name in self.waiting.names() if not name.startswith(beside)]


def _group(request: AnalysisRequest) -> str:
    """Analyses that one decoding batch can hold: the model as it is, or changed alike."""
    if request.repair.kind is not RepairKind.NONE:
        return ""
    kind = "text" if request.image is None else "image"
    return f"{kind}:{request.skip_layers}:{request.skip_when}:{request.steering or ''}"


def _cancel_flag(analysis_id: str) -> str:
    return f"cancel:{analysis_id}"
