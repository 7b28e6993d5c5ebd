"""What a worker looks after beside its work: nothing accepted is lost, nothing is kept too long.

Two things can lose work that a store's record still promises: a worker dies with it, Redis comes
back without its queues. Each look finds both; only the last one reads records, and by one worker
alone.
"""

import logging
import threading
import time

from redis.exceptions import RedisError

from fretboard.core.errors import FretboardError
from fretboard.jobs.cleanup import StoreLimits, clean
from fretboard.jobs.consumer import Consumer
from fretboard.jobs.heartbeat import LIFE_SECONDS
from fretboard.jobs.redis import RedisServer, connect
from fretboard.jobs.services import Services

log = logging.getLogger(__name__)
LOOK_SECONDS = 0.5
END_SECONDS = 2.0  # for a look to end: one that reads the whole store is left alone
# A worker that is not announced has been silent for LIFE_SECONDS; so long it may still come back,
# for the announcements of the living are lost too when Redis starts again.
ORPHAN_SECONDS = 2.5
SETTLE_SECONDS = LIFE_SECONDS  # the living put what they run back onto an empty queue first
SCAN_SECONDS = 600.0  # longest that one worker keeps the others from reading all records
PASS_SECONDS = 3600.0  # between two passes over the whole store


class Upkeep:
    """A thread of one worker; `look` is one round."""

    def __init__(self, services: Services, worker: str, consumers: list[Consumer]) -> None:
        self._services, self._worker, self._consumers = services, worker, consumers
        url = services.settings.redis_url
        self._server = RedisServer(connect(url)) if url else None
        self._suspects: dict[tuple[str, str], float] = {}  # (queue, worker), gone since when
        self._changed_at: float | None = None
        self._next_pass = 0.0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)

    def start(self) -> None:
        """Look again and again, until `stop`."""
        if self._server is None:  # queues of this process: what the last one left is on none
            self._take_up()
        self._thread.start()

    def stop(self) -> None:
        """Look no more; a look that is going on is waited for a little."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(END_SECONDS)

    def look(self) -> None:
        """One round. Raises RedisError while Redis does not answer."""
        if self._server is not None:
            for consumer in self._consumers:
                consumer.hold()
            self._recover(self._server)
            self._release()
        self._pass_over_store()

    def _run(self) -> None:
        while not self._stopped.wait(LOOK_SECONDS):
            try:
                self.look()
            except (RedisError, OSError, FretboardError) as error:
                self._suspects.clear()  # nobody can announce themselves meanwhile
                log.warning("upkeep is put off: %s", error)
            except Exception:
                log.exception("upkeep failed")

    def _recover(self, server: RedisServer) -> None:
        """After a restart of Redis: what is promised in the store and on no queue is queued."""
        if not server.changed():
            self._changed_at = None
            return
        now = time.monotonic()
        self._changed_at = self._changed_at or now
        if now - self._changed_at > SETTLE_SECONDS and server.claim("recover", SCAN_SECONDS):
            self._take_up()
            server.settle()

    def _take_up(self) -> None:
        for document in self._services.unfinished():
            if not self._services.jobs.knows(document):
                log.warning("%s was lost from the queue; it is queued again", document.id)
                self._services.jobs.start(document, followed=True)

    def _release(self) -> None:
        """Give back what dead workers took."""
        living, now = {*self._services.bus.facts(), self._worker}, time.monotonic()
        waiting = self._services.jobs.waiting
        gone = {
            (consumer.queue, worker)
            for consumer in self._consumers
            for worker in waiting.look(consumer.queue).taken
            if worker not in living
        }
        self._suspects = {taken: self._suspects.get(taken, now) for taken in gone}
        for (queue, worker), since in self._suspects.items():
            if now - since >= ORPHAN_SECONDS:
                log.warning("worker %s is gone; its work on %s is next again", worker, queue)
                self._services.jobs.give_back(queue, worker, died=True)

    def _pass_over_store(self) -> None:
        if time.monotonic() < self._next_pass:
            return
        self._next_pass = time.monotonic() + PASS_SECONDS
        if self._server is not None:
            if not self._server.claim("pass", PASS_SECONDS):
                return
            self._take_up()
        limits = StoreLimits.of(self._services.settings)
        if limits.any:
            log.info("cleaned: %s", clean(self._services, limits))
