"""A thread of a worker that takes work off one queue and runs it, one batch after the other."""

import logging
import threading
import time
from collections.abc import Callable

from fretboard.jobs.fair_list import Work
from fretboard.jobs.queue import Halted, wake_topic
from fretboard.jobs.services import Services

log = logging.getLogger(__name__)
LOOK_SECONDS = 1.0  # the bus wakes an idle worker; so often it looks without


class Consumer:
    """`run` gets the works, then `after` once they are off the queue.

    services: those of the working threads. worker: under which name works are noted as taken.
    most: works of one group that are taken together.
    """

    def __init__(
        self,
        services: Services,
        queue: str,
        worker: str,
        run: Callable[[list[Work]], None],
        after: Callable[[list[Work], float], None],
        most: int = 1,
    ) -> None:
        self.queue, self.works = queue, list[Work]()  # what runs now
        self._services, self._worker, self._most = services, worker, most
        self._do, self._after = run, after
        self._woken, self._stopped = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._loop, name=queue, daemon=True)

    def start(self) -> None:
        """Take and run, until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """Take nothing new; what runs goes on."""
        self._stopped.set()
        self._woken.set()

    def join(self, seconds: float) -> bool:
        """Wait for what runs; False when it still does."""
        self._thread.join(max(0.0, seconds))
        return not self._thread.is_alive()

    def hold(self) -> None:
        """Note again what runs, where Redis lost it."""
        waiting = self._services.jobs.waiting
        if self.works and self._worker not in waiting.look(self.queue).taken:
            # `self.works` is read inside: emptied before they are finished, not held again.
            waiting.change(self.queue, lambda fair: fair.hold(self._worker, self.works))

    def give_back(self) -> None:
        """What was taken is next again, for another worker."""
        self.works = []
        self._services.jobs.give_back(self.queue, self._worker)

    def _loop(self) -> None:
        with self._services.bus.follow(wake_topic(self.queue), self._woken.set):
            while not self._stopped.is_set():
                self._woken.clear()
                try:
                    busy = self._turn()
                except Exception:  # what was taken is taken up again in the next turn
                    log.exception("the queue %s cannot be used", self.queue)
                    busy = False
                if not busy:
                    self._woken.wait(LOOK_SECONDS)

    def _turn(self) -> bool:
        """Run what is next; False when nothing waits."""
        waiting = self._services.jobs.waiting
        fair = waiting.look(self.queue)
        if not fair.length and self._worker not in fair.taken:
            return False
        works = waiting.change(self.queue, lambda fair: fair.take(self._worker, self._most))
        self.works, started = works, time.monotonic()
        if not works:
            return False
        try:
            self._do(works)
        except Halted:
            self.give_back()
            return True
        seconds, self.works = time.monotonic() - started, []
        waiting.change(self.queue, lambda fair: fair.finish(self._worker, seconds))
        self._after(works, seconds)
        return True
