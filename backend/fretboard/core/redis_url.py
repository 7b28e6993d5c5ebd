"""REDIS_URL, checked before anything connects: what Redis's client would fail on in each request.

No message holds a part of the address: it may hold a password.
"""

import re
from urllib.parse import SplitResult, parse_qs, urlsplit

SCHEMES = ("redis", "rediss", "unix")
LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
ENCODE = (
    "Its user name and password must be percent-encoded: / as %2F, # as %23, ? as %3F, % as %25, "
    "@ as %40"
)
FORM = "write redis://:password@host:6379/0, rediss://… for TLS, or unix:///path/to/socket?db=0"


def check_redis_url(url: str) -> str:
    """The address as it is. Raises ValueError with a sentence."""
    parts = _split(url)
    if parts.scheme not in SCHEMES:
        raise ValueError(f"it does not begin with redis://, rediss:// or unix://; {FORM}")
    if parts.scheme == "unix":
        if not parts.path.strip("/"):
            raise ValueError(f"it names no socket; {FORM}")
    elif not re.fullmatch(r"/?\d*", parts.path) or parts.fragment:
        raise ValueError(f"what follows the host is no database number; {FORM}")
    if "decode_responses" in parse_qs(parts.query, keep_blank_values=True):
        raise ValueError("take decode_responses out of it: what is stored there is not all text")
    _check_options(url)
    return url


def _split(url: str) -> SplitResult:
    """The parts; an @ behind the host comes of a password with a bare / or # or ?."""
    try:
        parts = urlsplit(url)
    except ValueError:  # whose message may hold the password
        raise ValueError(ENCODE) from None
    behind = "" if parts.scheme == "unix" else f"{parts.path}{parts.query}{parts.fragment}"
    if "@" in behind or LONE_PERCENT.search(parts.netloc):
        raise ValueError(ENCODE)
    try:
        _ = parts.port
    except ValueError:
        raise ValueError(f"its port is no number up to 65535; {FORM}") from None
    return parts


def _check_options(url: str) -> None:
    """A connection is made, not opened: an option that is unknown or not to be read ends it."""
    from redis import ConnectionPool  # not needed by most processes
    from redis.exceptions import RedisError

    try:
        ConnectionPool.from_url(url).make_connection()
    except (ValueError, TypeError, RedisError):
        raise ValueError(
            "an option behind its question mark is not known to Redis's client, or has a value "
            "that cannot be read; see those of redis.Redis, and use rediss:// for those of TLS"
        ) from None
