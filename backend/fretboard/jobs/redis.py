"""Connections to Redis, and the server itself: how long a process tries while it is away.

A web process gives up after about a second: its client is told to ask again. A worker waits for as
long as it takes: it has work in hand that nobody else may finish, and nothing else to do.
"""

import logging
from typing import Any

from redis import Redis
from redis.backoff import ConstantBackoff, ExponentialBackoff
from redis.exceptions import AuthenticationError, AuthorizationError, NoPermissionError
from redis.retry import Retry

log = logging.getLogger(__name__)
TIMEOUT_SECONDS = 60  # redis-py's 5 s is short for chunks of megabytes on a busy network
CONNECT_SECONDS = 3
# redis-py tries to connect as often for each try of a command: 3 × 3 tries.
SHORT_TRIES, SHORT_PAUSE_SECONDS = 2, 0.1
FOR_EVER = -1
KEY = "fretboard:server"
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 2.0
REFUSALS = (AuthenticationError, AuthorizationError)
NO_ENTRY = "Redis refuses the user name or password. Correct them in REDIS_URL."
NO_RIGHT = (
    "Redis does not let this user do what is needed: all commands but the administrator's, on the "
    "keys fretboard:*. Give it the right (ACL SETUSER), or name another user in REDIS_URL."
)


class _Telling(ExponentialBackoff):
    """Pauses that grow, and a line in the log when they begin."""

    def compute(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row."""
        if failures == 1:
            log.warning("Redis does not answer: waiting until it does")
        return float(super().compute(failures))


def connect(url: str, patient: bool = False) -> Redis:
    """A client that bridges a hitch, or with `patient` any outage; connects when first used."""
    retry = (
        Retry(_Telling(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS), FOR_EVER)
        if patient
        else Retry(ConstantBackoff(SHORT_PAUSE_SECONDS), SHORT_TRIES)
    )
    return Redis.from_url(
        url,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=CONNECT_SECONDS,
        retry=retry,
    )


def refusal(error: BaseException) -> str:
    """What to say where Redis answers, but does not let this process in; "" for other errors."""
    if isinstance(error, REFUSALS):
        return NO_ENTRY
    return NO_RIGHT if isinstance(error, NoPermissionError) else ""


class RedisServer:
    """Whether its lists are known to be whole, and claims: for the workers' upkeep."""

    def __init__(self, client: Redis) -> None:
        self._client: Any = client

    def changed(self) -> bool:
        """Whether it was started again, replaced or emptied since `settle`: lists may be lost."""
        known = self._client.get(KEY)
        return known is None or known.decode() != self._run_id()

    def settle(self) -> None:
        """All that was lost has been taken up again."""
        self._client.set(KEY, self._run_id())

    def claim(self, name: str, seconds: float) -> bool:
        """True for one process alone, until so many seconds are over."""
        key = f"fretboard:claim:{name}"
        return bool(self._client.set(key, 1, nx=True, px=int(1000 * seconds)))

    def _run_id(self) -> str:
        return str(self._client.info("server")["run_id"])
