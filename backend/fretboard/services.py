"""What a process works with, built once from the settings: store, cache, bus and jobs."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from pydantic import ValidationError
from redis import Redis

from fretboard.document import Analysis, Status
from fretboard.errors import NotFound
from fretboard.image_set import ImageSet
from fretboard.queue.bus import Bus, MemoryBus, RedisBus
from fretboard.queue.jobs import Jobs, make_brokers
from fretboard.settings import Settings
from fretboard.store.cache import ArrayCache, MemoryCache, RedisCache
from fretboard.store.durable import AnalysisStore, open_sets, open_store
from fretboard.store.records import Records
from fretboard.vocabulary import Vocabulary

log = logging.getLogger(__name__)
REDIS_TIMEOUT_SECONDS = 60  # redis-py's 5 s is short for chunks of megabytes on a busy network


@dataclass(frozen=True)
class Services:
    """Shared by web routes and workers; the only place that chooses Redis or this process."""

    settings: Settings
    store: AnalysisStore
    sets: Records[ImageSet]
    cache: ArrayCache
    bus: Bus
    jobs: Jobs

    def vocabulary(self, analysis: Analysis) -> Vocabulary:
        """The tokenizer of the analysis's model. Raises NotFound until a worker published it."""
        return _vocabulary(self.store.read_tokenizer, analysis.model.revision)

    def unfinished(self) -> list[Analysis]:
        """Analyses that were queued or running when the last process stopped."""
        return [a for a in self._readable() if a.status in (Status.QUEUED, Status.RUNNING)]

    def _readable(self) -> Iterator[Analysis]:
        for analysis_id in self.store.ids():
            try:
                yield self.store.read(analysis_id)
            except (NotFound, ValidationError) as error:
                log.warning("the record of %s cannot be read: %s", analysis_id, error)


def build_services(settings: Settings) -> Services:
    """Everything in this process, or through Redis when `REDIS_URL` is set."""
    store, sets = open_store(settings.store_url), open_sets(settings.store_url)
    if settings.redis_url is None:
        cache: ArrayCache = MemoryCache(settings.cache_bytes)
        bus: Bus = MemoryBus()
    else:
        client = Redis.from_url(settings.redis_url, socket_timeout=REDIS_TIMEOUT_SECONDS)
        cache = RedisCache(client, settings.cache_ttl_seconds)
        bus = RedisBus(client)
    return Services(settings, store, sets, cache, bus, Jobs(make_brokers(settings.redis_url), bus))


@lru_cache(maxsize=8)
def _vocabulary(read_tokenizer: Callable[[str], str], revision: str) -> Vocabulary:
    return Vocabulary(read_tokenizer(revision))
