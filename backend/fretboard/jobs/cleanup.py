"""Clean-up of the store: what is too old, then what is too much, the longest unwritten first.

A record is as young as what was last written into its folder, and an analysis as young as the
youngest image set or causal test that rests on it: those go first. Never deleted: what waits or
runs, and the shipped examples, which would come back at the next start.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from fretboard.core.causal_test import prefix_of
from fretboard.core.errors import Lost, NotFound
from fretboard.core.settings import Settings
from fretboard.jobs.life_cycle import AnswerLife, CausalTestLife, ImageSetLife, LifeCycle
from fretboard.jobs.services import Services
from fretboard.store.examples import shipped_ids

DAY_SECONDS = 86_400
# A folder without a document, or a half-written file, is of a run that was killed; or of one that
# writes right now.
LEFTOVER_SECONDS = DAY_SECONDS
KINDS = ("experiment", "set", "analysis")  # of equal age, what rests on others goes first


@dataclass(frozen=True)
class StoreLimits:
    """What may stay: days since it was written, bytes of all records; 0: no limit."""

    keep_days: float = 0.0
    store_bytes: int = 0

    @classmethod
    def of(cls, settings: Settings) -> "StoreLimits":
        """As configured."""
        return cls(settings.keep_days, settings.store_bytes)

    @property
    def any(self) -> bool:
        """Whether there is one."""
        return bool(self.keep_days or self.store_bytes)


@dataclass
class StoredItem:
    """A record: its size in bytes, and when it was last written (s since the epoch)."""

    kind: str
    id: str
    bytes: int
    written: float


@dataclass
class Cleaned:
    """What was removed, and what is left in bytes."""

    removed: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    freed: int = 0
    left: int = 0

    def __str__(self) -> str:
        counts = ", ".join(f"{count} × {kind}" for kind, count in self.removed.items() if count)
        return f"{counts or 'nothing'} removed, {self.freed / 1e6:.1f} MB freed, " + (
            f"{self.left / 1e6:.1f} MB kept"
        )


def clean(services: Services, limits: StoreLimits, dry: bool = False) -> Cleaned:
    """Delete what is beyond the limits; `dry`: only say what would go."""
    items, now = _items(services), time.time()
    lives: dict[str, LifeCycle[Any]] = {
        "experiment": CausalTestLife(services),
        "set": ImageSetLife(services),
        "analysis": AnswerLife(services),
    }
    report = Cleaned(left=sum(item.bytes for item in items))

    def busy(item: StoredItem) -> bool:
        return _busy(lives[item.kind], item, now)

    for item in beyond(items, limits, now, busy):
        report.removed[item.kind] += 1
        report.freed += item.bytes
        report.left -= item.bytes
        if not dry:
            with suppress(NotFound):  # deleted by someone else meanwhile
                lives[item.kind].erase(item.id)
    if not dry:
        services.store.drop_half_written(now - LEFTOVER_SECONDS)
    return report


def beyond(
    items: list[StoredItem], limits: StoreLimits, now: float, busy: Callable[[StoredItem], bool]
) -> Iterator[StoredItem]:
    """What has to go, in the order in which it can; `busy` is asked of nothing else."""
    total = sum(item.bytes for item in items)
    for item in sorted(
        items, key=lambda candidate: (candidate.written, KINDS.index(candidate.kind))
    ):
        old = limits.keep_days and now - item.written > limits.keep_days * DAY_SECONDS
        over = limits.store_bytes and total > limits.store_bytes
        if not (old or over):
            return
        if not busy(item):
            total -= item.bytes
            yield item


def _items(services: Services) -> list[StoredItem]:
    """Every record but the shipped ones; of the analyses, as young as what rests on them."""
    shipped = shipped_ids()
    sets, tests = _listed(services.sets, "set"), _listed(services.tests, "experiment")
    resting: dict[str, float] = defaultdict(float)  # by an analysis's id, or its tests' prefix
    for item in sets:
        for member in _members(services, item.id):
            resting[member] = max(resting[member], item.written)
    for item in tests:
        resting[prefix_of(item.id)] = max(resting[prefix_of(item.id)], item.written)
    analyses = [item for item in _listed(services.store, "analysis") if item.id not in shipped]
    for item in analyses:
        item.written = max(item.written, resting[item.id], resting[prefix_of(item.id)])
    return [*tests, *sets, *analyses]


def _listed(records: Any, kind: str) -> list[StoredItem]:
    return [StoredItem(kind, record_id, *usage) for record_id, usage in records.usage().items()]


def _members(services: Services, set_id: str) -> list[str]:
    try:
        return [member.analysis_id or "" for member in services.sets.read(set_id).members]
    except NotFound:
        return []


def _busy(life: LifeCycle[Any], item: StoredItem, now: float) -> bool:
    """Whether it waits or runs; of a set, a member of it."""
    try:
        return not life.status(life.records.read(item.id)).over
    except Lost:
        return False
    except NotFound:
        return now - item.written < LEFTOVER_SECONDS
