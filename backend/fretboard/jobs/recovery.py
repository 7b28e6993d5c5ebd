"""What a worker looks after beside its work: nothing accepted is lost, nothing is kept too long.

Three things can lose work that a store's record still promises: a worker dies with it, a message
is lost, Redis comes back without its lists. Each look finds all three; only the last one reads
records, and by one worker alone.
"""

import logging
import threading
import time
from collections.abc import Callable

from redis.exceptions import RedisError

from fretboard.core.errors import FretboardError
from fretboard.jobs.cleanup import Limits, clean
from fretboard.jobs.fair_list import FairList, Work
from fretboard.jobs.heartbeat import LIFE_SECONDS
from fretboard.jobs.redis import connect
from fretboard.jobs.redis_server import RedisServer
from fretboard.jobs.services import Services

log = logging.getLogger(__name__)
LOOK_SECONDS = 1.5
# A worker that is not announced has been silent for LIFE_SECONDS; so long it may still come back,
# for the announcements of the living are lost too when Redis starts again.
ORPHAN_SECONDS = 4.0
SETTLE_SECONDS = LIFE_SECONDS  # the living put what they run back onto an empty list first
SCAN_SECONDS = 600.0  # longest that one worker keeps the others from reading all records
PASS_SECONDS = 3600.0  # between two passes over the whole store
Running = Callable[[], tuple[str, list[Work]]]
"""The worker's ticket at this moment and its works; ("", []) when idle."""


class Upkeep:
    """A thread of one worker; `look` is one round."""

    def __init__(self, services: Services, worker: str, revision: str, running: Running) -> None:
        self._services, self._worker, self._revision = services, worker, revision
        self._running = running
        url = services.settings.redis_url
        self._server = RedisServer(connect(url)) if url else None
        self._suspects: dict[str, float] = {}  # tickets nobody seems to run, since when
        self._changed_at: float | None = None
        self._idle_looks = 0
        self._next_pass = 0.0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)

    def start(self) -> None:
        """Look again and again, until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()

    def look(self) -> None:
        """One round. Raises RedisError while Redis does not answer."""
        if self._server is not None:
            self._hold()
            self._recover(self._server)
            fair = self._services.jobs.waiting.look(self._revision)
            self._release(fair)
            self._nudge(fair)
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

    def _hold(self) -> None:
        """Put what this worker runs back onto a list that Redis lost."""
        ticket, works = self._running()
        waiting = self._services.jobs.waiting
        if ticket and ticket not in waiting.look(self._revision).taken:
            waiting.change(self._revision, lambda fair: fair.hold(ticket, works, self._worker))

    def _recover(self, server: RedisServer) -> None:
        """After a restart of Redis: what is promised in the store and on no list is queued."""
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
            fair = self._services.jobs.waiting.look(document.model.revision)
            if not fair.knows(document.id):
                log.warning("%s was lost from the queue; it is queued again", document.id)
                self._services.jobs.resume(document)

    def _release(self, fair: FairList) -> None:
        """Give back what nobody runs: its worker died, or finished while Redis was away."""
        living, now = self._services.bus.workers(), time.monotonic()
        orphans = {
            ticket
            for ticket, owner in fair.owners.items()
            if owner not in living or (owner == self._worker and ticket != self._running()[0])
        }
        self._suspects = {ticket: self._suspects.get(ticket, now) for ticket in orphans}
        for ticket, since in self._suspects.items():
            if now - since > ORPHAN_SECONDS:
                log.warning("the worker of %s is gone; its work is next again", ticket)
                self._services.jobs.give_back(self._revision, ticket, died=True)

    def _nudge(self, fair: FairList) -> None:
        """Work waits, this worker is idle, and no message came: it was lost."""
        idle = fair.length > 0 and not self._running()[0]
        self._idle_looks = self._idle_looks + 1 if idle else 0
        if self._idle_looks > 1:
            self._services.jobs.nudge(self._revision)

    def _pass_over_store(self) -> None:
        if time.monotonic() < self._next_pass:
            return
        self._next_pass = time.monotonic() + PASS_SECONDS
        if self._server is not None:
            if not self._server.claim("pass", PASS_SECONDS):
                return
            self._take_up()
        limits = Limits.of(self._services.settings)
        if limits.any:
            log.info("cleaned: %s", clean(self._services, limits))
