"""The Redis server itself: whether it is the one whose lists are known to be whole, and claims."""

from typing import Any

from redis import Redis

KEY = "fretboard:server"


class RedisServer:
    """Asked by the workers' upkeep."""

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
