"""What a process works with, built once from the settings: store, cache, bus and jobs."""

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from fretboard.analysis.arrays import read_vocabulary
from fretboard.core.analysis import Analysis, Problem, Status, problem_of
from fretboard.core.causal_test import CausalTest
from fretboard.core.errors import (
    Cancelled,
    FretboardError,
    NotFound,
    StoreFull,
    Unavailable,
    UnsupportedModel,
)
from fretboard.core.image_set import ImageSet
from fretboard.core.model_info import Announced, ServedModel, choose_model, described, served_model
from fretboard.core.settings import Settings
from fretboard.core.vocabulary import Vocabulary
from fretboard.jobs.bus import Bus, RedisBus
from fretboard.jobs.counters import FAILED, CountedCache, Counters
from fretboard.jobs.lists import RedisWaiting, Waiting
from fretboard.jobs.queue import Jobs
from fretboard.jobs.redis import NO_ENTRY, REFUSALS, connect
from fretboard.store.analyses import AnalysisStore, open_sets, open_store
from fretboard.store.cache import ArrayCache, MemoryCache, RedisCache
from fretboard.store.causal_tests import CausalTestRecords, open_tests
from fretboard.store.records import Records

log = logging.getLogger(__name__)
CANCELLED = "It was cancelled before its turn came. Run it again when you like."


@dataclass(frozen=True)
class Services:
    """Shared by web routes and workers; the only place that chooses Redis or this process."""

    settings: Settings
    store: AnalysisStore
    sets: Records[ImageSet]
    tests: CausalTestRecords
    cache: ArrayCache
    bus: Bus
    jobs: Jobs
    counters: Counters
    stopping: threading.Event = field(default_factory=threading.Event)
    """Set when the web process was told to stop: open event streams end."""

    @property
    def expects_worker(self) -> bool:
        """Whether this process loads FRETBOARD_MODEL itself, after its first page."""
        return self.settings.worker == "inside"

    @property
    def unserved(self) -> str:
        """What to say of a model that no worker has announced."""
        if self.expects_worker:
            return "Waiting for the model to load."
        return "No worker serves this model now. Start one: fretboard worker --model NAME"

    def patient(self) -> "Services":
        """The same for work in hand: it waits for a Redis that is away for as long as it takes."""
        if self.settings.redis_url is None:
            return self
        client = connect(self.settings.redis_url, patient=True)
        working = _shared(self.settings, client, self.counters)
        working["jobs"].halted = self.jobs.halted
        return replace(self, **working)

    def choose(self, name: str | None) -> ServedModel:
        """The model for a request: FRETBOARD_MODEL or another that a worker has announced.

        Raises UnknownModel.
        """
        return choose_model(self.settings, name, self.bus.announced())

    def models(self) -> list[ServedModel]:
        """FRETBOARD_MODEL, served or not, and every other model that a worker announced."""
        announced = self.bus.announced()
        others = [described(self.settings, announced[name]) for name in sorted(announced)]
        return [self._default(announced), *(model for model in others if not model.default)]

    def _default(self, announced: Announced) -> ServedModel:
        name = self.settings.model
        facts = announced.get(name, {})
        if facts.get("revision"):
            return described(self.settings, facts)
        try:
            model = served_model(name)
        except FretboardError as error:  # not on this machine, which alone is no fault
            known = facts or {"state": "absent", "detail": error.detail}
            return described(self.settings, {"name": name, **known})
        loading = {"state": "loading", "detail": "The model is being loaded."}
        absent = {"state": "absent", "detail": self.unserved}
        state = facts or (loading if self.expects_worker else absent)
        return model.model_copy(update={name: state[name] for name in ("state", "detail")})

    def vocabulary(self, analysis: Analysis) -> Vocabulary:
        """The tokenizer of the analysis's model. Raises NotFound until a worker published it."""
        return read_vocabulary(self.store.read_tokenizer, analysis.model.revision)

    def records_of(self, document: Analysis | CausalTest) -> Records[Any]:
        """Where documents of this kind lie."""
        return self.tests if isinstance(document, CausalTest) else self.store

    def start(
        self, document: Analysis | CausalTest, lane: str, client: str, share: float = 0.0
    ) -> None:
        """Queue it. A worker that cannot load its model says so, then fails who waits, once: what
        is written after that look is failed here."""
        self.jobs.start(document, lane, client, share)
        facts = self.bus.facts_of(document.model.name)
        if facts.get("state") == "failed":
            self.fail(document, Problem(title=UnsupportedModel.title, detail=facts["detail"]))

    def fail(self, document: Analysis | CausalTest, problem: Problem) -> None:
        """Write the failure into the document, and tell those who follow."""
        failed = document.model_copy(update={"status": Status.FAILED, "error": problem})
        records = self.records_of(document)
        try:
            records.read(document.id)
            records.write(failed)
        except NotFound:  # deleted while it ran: it stays deleted
            pass
        except (StoreFull, Unavailable) as error:
            # The record still says running: upkeep takes it up again when the store is well.
            log.error("the failure of %s cannot be written: %s", document.id, error)
        self.counters.add(FAILED, kind=problem.title, work=type(document).__name__.lower())
        self.bus.publish(document.id, {"type": "failed", **problem.model_dump()})

    def cancel(self, document: Analysis | CausalTest) -> None:
        """Stop it at its next token or run, or at once when its turn has not come."""
        self.jobs.cancel(document.id)
        if self.jobs.withdraw(document):
            self.fail(document, problem_of(Cancelled(CANCELLED)))

    def unfinished(self) -> list[Analysis | CausalTest]:
        """What was queued or running when the last process stopped."""
        documents: Iterator[Analysis | CausalTest] = chain(
            self.store.readable(), self.tests.readable()
        )
        return [document for document in documents if not document.status.over]


def build_services(settings: Settings) -> Services:
    """Everything in this process, or through Redis when `REDIS_URL` is set."""
    client = connect(settings.redis_url) if settings.redis_url is not None else None
    if client is not None:
        _check_eviction(client)
    url, counters = settings.store_url, Counters(client)
    return Services(
        settings, open_store(url), open_sets(url), open_tests(url), counters=counters,
        **_shared(settings, client, counters),
    )  # fmt: skip


def _shared(settings: Settings, client: Redis | None, counters: Counters) -> dict[str, Any]:
    """Cache, bus and jobs; of this process alone without a client."""
    cache: ArrayCache
    bus: Bus
    waiting: Waiting
    if client is None:
        cache, bus, waiting = MemoryCache(settings.cache_bytes), Bus(), Waiting()
    else:
        cache = RedisCache(client, settings.cache_ttl_seconds, settings.cache_bytes)
        bus, waiting = RedisBus(client), RedisWaiting(client)
    return {"cache": CountedCache(cache, counters), "bus": bus, "jobs": Jobs(bus, waiting)}


def _check_eviction(client: Redis) -> None:
    """Warn where the server may throw jobs away. A server that is down is told of later.

    Raises Unavailable where it refuses the password.
    """
    try:
        policy = str(client.config_get("maxmemory-policy").get("maxmemory-policy", "noeviction"))
    except REFUSALS as error:
        raise Unavailable(NO_ENTRY) from error
    except RedisError:  # hosted servers often forbid the question
        return
    if policy.startswith("allkeys"):
        log.warning(
            "Redis has maxmemory-policy %s: it may drop waiting jobs. Set it to noeviction or "
            "volatile-ttl; the "
            "array cache bounds itself (FRETBOARD_CACHE_BYTES).",
            policy,
        )
