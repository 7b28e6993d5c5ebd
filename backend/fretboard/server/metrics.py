"""`/metrics`: HTTP by route, and how queue, workers and cache are, for Prometheus.

What workers count comes through the counters that all processes share, so every web process shows
the same sums: of several take the `max`, not the sum. The HTTP figures are each process's own.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from itertools import accumulate

from fastapi import FastAPI
from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from prometheus_fastapi_instrumentator import Instrumentator
from redis.exceptions import RedisError

from fretboard.jobs import counters
from fretboard.jobs.heartbeat import Event
from fretboard.jobs.services import Services

# name of a counter → what it counts, by which labels
COUNTED = {
    counters.TOKENS: ("Tokens of answers, generated or taught.", ["model"]),
    counters.BUSY_SECONDS: ("Time in which a worker ran generations or causal tests.", ["model"]),
    counters.FINISHED: ("Analyses that were completed.", ["model"]),
    counters.FAILED: ("Work that failed, by the title of the problem.", ["kind", "work"]),
    counters.CACHE_READS: ("Reads of the array cache: hit or miss.", ["result"]),
}
BOUNDS = [*map(str, counters.WAITS), "+Inf"]


def add_metrics(app: FastAPI, services: Services) -> None:
    """Count every request but the scrapes, and serve `/metrics`."""
    registry = CollectorRegistry()  # of this application: there may be several in a process
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    registry.register(ServiceCollector(services))
    watched = Instrumentator(excluded_handlers=["/metrics"], registry=registry)
    watched.instrument(app).expose(app, include_in_schema=False)


class ServiceCollector(Collector):
    """Asks queue, bus and counters when Prometheus asks."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def collect(self) -> Iterator[Metric]:
        """All or, while Redis is away, only that it is."""
        up = GaugeMetricFamily("fretboard_redis_up", "Whether Redis answers; 1 without Redis.")
        try:
            families = list(self._of_redis())
        except (RedisError, OSError):
            families = []
        up.add_metric([], float(bool(families)))
        yield from (up, *families)

    def _of_redis(self) -> Iterator[Metric]:
        living = self._services.bus.facts().values()
        yield _workers(living)
        yield from self._queues({facts.get("revision", ""): facts["name"] for facts in living})
        yield from _counted(self._services.counters.read())

    def _queues(self, names: dict[str, str]) -> Iterable[Metric]:
        """names: of the models by revision, as far as workers live that serve them."""
        labels = ["model", "revision", "lane"]
        waits = GaugeMetricFamily("fretboard_queue", "Work that waits for its turn.", labels=labels)
        runs = GaugeMetricFamily("fretboard_running", "Work under way.", labels=labels[:2])
        for revision in self._services.jobs.revisions():
            fair = self._services.jobs.waiting.look(revision)
            model = [names.get(revision, ""), revision]
            for lane, turns in fair.lanes.items():
                waits.add_metric([*model, lane], sum(len(turn.works) for turn in turns))
            runs.add_metric(model, sum(map(len, fair.taken.values())))
        return waits, runs


def _workers(living: Collection[Event]) -> Metric:
    about = "Workers: loading, ready, failed, stopping."
    family = GaugeMetricFamily("fretboard_workers", about, labels=["model", "state"])
    for labels, count in Counter((facts["name"], facts["state"]) for facts in living).items():
        family.add_metric(labels, count)
    return family


def _counted(sums: dict[counters.Series, float]) -> Iterator[Metric]:
    for name, (about, labels) in COUNTED.items():
        family = CounterMetricFamily(f"fretboard_{name}", about, labels=labels)
        for series, amount in sums.items():
            if series[0] == name:
                values = dict(series[1])
                family.add_metric([values.get(label, "") for label in labels], amount)
        yield family
    yield _waits(sums)


def _waits(sums: dict[counters.Series, float]) -> Metric:
    """From the count of each bucket to Prometheus' running sums."""
    about = "From the request to its turn, in seconds."
    family = HistogramMetricFamily("fretboard_wait_seconds", about, labels=["model", "lane"])
    for (name, labels), seconds in sums.items():
        if name == counters.WAITED_SECONDS:
            own = dict(labels)
            counts = (
                sums.get((counters.WAITED, tuple(sorted({**own, "le": bound}.items()))), 0.0)
                for bound in BOUNDS
            )
            buckets = list(zip(BOUNDS, accumulate(counts), strict=True))
            family.add_metric([own["model"], own["lane"]], buckets, seconds)
    return family
