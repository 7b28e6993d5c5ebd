"""Connections to Redis: how long a process goes on trying while the server is away.

A web process gives up after about a second: its client is told to ask again. A worker waits for as
long as it takes: it has work in hand that nobody else may finish, and nothing else to do.
"""

import logging

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
