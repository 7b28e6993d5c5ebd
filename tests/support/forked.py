"""`fretboard …` as a process: a fork of one that has imported it all, or one of its own."""

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.support.preloaded"])


class ForkedProcess:
    """What tests use of `subprocess.Popen`, of a fork."""

    def __init__(self, arguments: tuple[str, ...], env: Mapping[str, str], cwd: Path, log: Path):
        told = (arguments, dict(env), str(cwd), str(log))
        self._process = FORKS.Process(target=_command, args=told)
        self._process.start()
        self.pid = self._process.pid
        self.kill = self._process.kill

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("fretboard", timeout or 0.0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)


def spawned(
    arguments: tuple[str, ...], env: Mapping[str, str], cwd: Path, log: Path
) -> subprocess.Popen[bytes]:
    """The same as a process of its own."""
    command = [sys.executable, "-m", "fretboard.cli.main", *arguments]
    with log.open("wb") as output:
        return subprocess.Popen(command, cwd=cwd, env=env, stdout=output, stderr=subprocess.STDOUT)


def _command(arguments: tuple[str, ...], env: dict[str, str], cwd: str, log: str) -> None:
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for standard in (sys.stdout, sys.stderr):
        os.dup2(output, standard.fileno())
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = ["fretboard", *arguments]
    from fretboard.cli.main import main

    main()
