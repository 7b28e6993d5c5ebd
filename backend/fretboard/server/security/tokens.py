"""Access tokens: who may read and who may write. The page's sessions are signed, never stored."""

import hashlib
import hmac
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum

from itsdangerous import BadSignature, TimestampSigner

from fretboard.core.settings import Settings, split_words

SESSION_SECONDS = 7 * 24 * 3600
SESSION = b"session"  # what is signed: the signature and its time are all that matters


class Access(IntEnum):
    """What a client may do; each level includes the ones below."""

    NONE = 0
    READ = 1
    WRITE = 2


@dataclass(frozen=True)
class Principal:
    """Who asks: `name` is the same for every request of one client and gives no secret away."""

    name: str
    access: Access


class Tokens:
    """The configured tokens. Without any, everyone may write; with write tokens alone, read."""

    def __init__(self, write: tuple[str, ...], read: tuple[str, ...]) -> None:
        self._levels = [(token, Access.WRITE) for token in write]
        self._levels += [(token, Access.READ) for token in read]
        self.anyone = Access.NONE if read else Access.READ if write else Access.WRITE

    @classmethod
    def of(cls, settings: Settings) -> "Tokens":
        """Those of the environment."""
        write, read = settings.write_tokens, settings.read_tokens
        return cls(split_words(write.get_secret_value()), split_words(read.get_secret_value()))

    def __bool__(self) -> bool:
        return bool(self._levels)

    def holder(self, token: str) -> Principal | None:
        """Whoever holds this token; None where it is not one of ours."""
        principal = None
        for known, access in self._levels:  # all are compared: the time tells nothing
            if hmac.compare_digest(known.encode(), token.encode()) and principal is None:
                principal = Principal(f"token:{_digest(known)}", access)
        return principal

    def session(self, token: str) -> str:
        """A cookie's value that stands for the token until it expires; the token is not in it."""
        return _signer(token).sign(SESSION).decode()

    def of_session(self, cookie: str) -> Principal | None:
        """Whoever signed in, while the token is configured and the session lasts."""
        for known, access in self._levels:
            with suppress(BadSignature):  # another token's, a forged one, or expired
                _signer(known).unsign(cookie, max_age=SESSION_SECONDS)
                return Principal(f"token:{_digest(known)}", access)
        return None


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()[:16]


def _signer(token: str) -> TimestampSigner:
    return TimestampSigner(token, salt="fretboard session", digest_method=hashlib.sha256)
