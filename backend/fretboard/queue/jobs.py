"""Put work on the queue by name, so that a web process needs none of the worker's code."""

from collections.abc import Callable
from typing import Any

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.brokers.stub import StubBroker

from fretboard.catalogue import Derived
from fretboard.queue.bus import Bus

INTERACTIVE, BATCH, DERIVED, MAPS = "interactive", "batch", "derived", "maps"
ANALYSE, DERIVE, MAP = "analyse", "derive", "map"
# RedisBroker returns the messages of a dead worker with this chance in a million per call; its
# default of 1000 takes minutes in a small deployment.
MAINTENANCE_CHANCE = 300_000


def make_brokers(redis_url: str | None) -> dict[str, dramatiq.Broker]:
    """The broker of each queue: in this process without Redis, RedisBroker with it.

    Derived arrays have a broker, and so a consumer, of their own: a page that waits for one must
    not wait for the generation that runs. Nor for a map, which takes seconds.
    """
    analyses = _broker(redis_url)
    return {
        INTERACTIVE: analyses,
        BATCH: analyses,
        DERIVED: _broker(redis_url),
        MAPS: _broker(redis_url),
    }


def _broker(redis_url: str | None) -> dramatiq.Broker:
    if redis_url is None:
        broker: dramatiq.Broker = StubBroker()
    else:
        broker = RedisBroker(
            url=redis_url, namespace="fretboard:jobs", maintenance_chance=MAINTENANCE_CHANCE
        )
    for queue in (INTERACTIVE, BATCH, DERIVED, MAPS):
        broker.declare_queue(queue)
    return broker


class Jobs:
    """Enqueue and cancel. Both kinds of job may run twice with the same result."""

    def __init__(self, brokers: dict[str, dramatiq.Broker], bus: Bus) -> None:
        self.brokers = brokers
        self._bus = bus

    def analyse(self, analysis_id: str, queue: str = INTERACTIVE) -> None:
        """Compute an analysis whose document is in the store; earlier attempts are forgotten."""
        self.allow(analysis_id)
        self._bus.clear(analysis_id)
        self.resume(analysis_id, queue)

    def resume(self, analysis_id: str, queue: str = INTERACTIVE) -> None:
        """Like `analyse`, for one that is already being followed."""
        self._enqueue(queue, ANALYSE, analysis_id)

    def derive(self, record_id: str, wanted: Derived, reply_topic: str) -> None:
        """Compute derived arrays; `progress`, then `done` or `failed` go to the reply topic."""
        queue, actor = (MAPS, MAP) if wanted.is_map else (DERIVED, DERIVE)
        self._enqueue(queue, actor, record_id, wanted.key, reply_topic)

    def cancel(self, work: str) -> None:
        """Ask the worker to stop: an analysis id, or `<record id>/<derived file>`."""
        self._bus.set_flag(_cancel_flag(work))

    def allow(self, work: str) -> None:
        """Forget that it was cancelled; before anyone can cancel the new attempt."""
        self._bus.clear_flag(_cancel_flag(work))

    def cancelled(self, work: str) -> Callable[[], bool]:
        """A function that tells whether the work was cancelled."""
        return lambda: self._bus.flag(_cancel_flag(work))

    def _enqueue(self, queue: str, actor: str, *args: Any) -> None:
        message: dramatiq.Message = dramatiq.Message(
            queue_name=queue, actor_name=actor, args=args, kwargs={}, options={}
        )
        self.brokers[queue].enqueue(message)


def _cancel_flag(analysis_id: str) -> str:
    return f"cancel:{analysis_id}"
