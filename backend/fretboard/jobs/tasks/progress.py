"""How far a piece of work is, told to those who follow."""

import time
from collections.abc import Callable

from fretboard.jobs.bus import Bus

REPORT_SECONDS = 0.3  # between two progress events: more would only fill the bus


def progress(bus: Bus, topic: str) -> Callable[[float, str], None]:
    """A function that publishes the share done, in [0, 1], and what is done, now and then."""
    last = 0.0

    def publish(share: float, message: str) -> None:
        nonlocal last
        if time.monotonic() - last >= REPORT_SECONDS:
            last = time.monotonic()
            bus.publish(topic, {"type": "progress", "share": share, "message": message})

    return publish
