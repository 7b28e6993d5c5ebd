"""How often one client may ask: counted in this process, or in Redis for all web processes."""

import logging
import time
from dataclasses import dataclass
from typing import Any

from limits import RateLimitItem, parse_many
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import StorageError
from limits.storage import storage_from_string

from fretboard.core.settings import Settings

log = logging.getLogger(__name__)
KEY_SPACE = "fretboard:limit"
# A page opens with some twenty requests; a class behind one address must not lock itself out.
DEFAULTS = {"write": "60/minute", "read": "6000/minute"}
OFF = "off"


@dataclass(frozen=True)
class Limits:
    """The limits of each kind of request, `write` and `read`; empty where there is none."""

    limiter: FixedWindowRateLimiter
    items: dict[str, list[RateLimitItem]]

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        """As configured. Raises ValueError for a limit that cannot be understood."""
        texts = {"write": settings.rate_limit, "read": settings.read_rate_limit}
        items = {kind: _items(kind, text, settings.on_loopback) for kind, text in texts.items()}
        return cls(FixedWindowRateLimiter(_storage(settings.redis_url)), items)

    async def wait(self, kind: str, client: str) -> int:
        """Count a request; 0, or the whole seconds until the client may ask again."""
        try:
            for item in self.items[kind]:
                if not await self.limiter.hit(item, kind, client):
                    window = await self.limiter.get_window_stats(item, kind, client)
                    return max(1, round(window.reset_time - time.time() + 0.5))
        except StorageError as error:  # a limit is no reason to be down too
            log.warning("requests are not counted: %s", error)
        return 0


def _items(kind: str, text: str, on_loopback: bool) -> list[RateLimitItem]:
    if text == "auto":
        text = OFF if on_loopback else DEFAULTS[kind]
    return [] if text == OFF else parse_many(text)


def _storage(redis_url: str | None) -> Any:
    if redis_url is None:
        return storage_from_string("async+memory://")
    return storage_from_string(
        f"async+{redis_url.replace('unix://', 'redis+unix://', 1)}",
        implementation="redispy",
        key_prefix=KEY_SPACE,
        wrap_exceptions=True,
    )
