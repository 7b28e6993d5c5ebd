"""`fretboard serve`: the web process, with the worker inside unless it is to be outside."""

import logging
import math
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from types import FrameType

import uvicorn

from fretboard.core.own_models import ASSEMBLE, BUNDLED_MODEL
from fretboard.core.settings import Settings
from fretboard.jobs.model_choice import StartWorker
from fretboard.jobs.queue import Jobs
from fretboard.jobs.services import Services, build_services
from fretboard.jobs.worker import Worker
from fretboard.server.app import create_app
from fretboard.server.security.guard import local_hosts
from fretboard.server.security.tokens import Access, Tokens
from fretboard.store.examples import seed_examples

log = logging.getLogger(__name__)
# Above the idle time of usual proxies, or they use a connection that is just being closed.
KEEP_ALIVE_SECONDS = 75
LOAD_ANYWAY_AFTER_SECONDS = 5.0  # nobody opened the page, but jobs of the last run may wait


def _run_worker(services: Services) -> Worker:
    worker = Worker(services)
    threading.Thread(target=worker.start, name="worker", daemon=True).start()
    return worker


def _starter(services: Services) -> StartWorker:
    """Starts a worker for other settings beside the first, over the same store, bus and queues."""

    def start(settings: Settings) -> Callable[[], None]:
        jobs = Jobs(services.bus, services.jobs.waiting)  # its own to halt
        return _run_worker(replace(services, settings=settings, jobs=jobs)).stop

    return start


def serve(settings: Settings) -> None:
    """Serve until stopped. Raises SystemExit with one line when the port is taken."""
    settings = local_hosts(settings)
    _check_port(settings)
    _warn_of_exposure(settings)
    tell_of_fallback(settings)
    seed_examples(settings)
    services = build_services(settings)
    here, first = settings.worker == "inside", threading.Lock()

    def start() -> None:  # once, after the first page is out: importing torch would hold it up
        if here and first.acquire(blocking=False):
            _run_worker(services)

    app = create_app(services, start, _starter(services) if here else None)
    timer = threading.Timer(LOAD_ANYWAY_AFTER_SECONDS, start)
    timer.daemon = True
    timer.start()
    log.info("Fretboard on http://%s:%s", settings.host, settings.port)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=math.ceil(settings.grace_seconds),
    )
    with suppress(KeyboardInterrupt):
        _Server(config, services.stopping).run()


class _Server(uvicorn.Server):
    """Tells open event streams to end, which it would wait for until the grace period is over."""

    def __init__(self, config: uvicorn.Config, stopping: threading.Event) -> None:
        super().__init__(config)
        self._stopping = stopping

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """SIGTERM or Ctrl-C."""
        self._stopping.set()
        super().handle_exit(sig, frame)


def _warn_of_exposure(settings: Settings) -> None:
    anyone = Tokens.of(settings).anyone
    if settings.on_loopback or anyone == Access.NONE:
        return
    may = "read, ask and delete" if anyone == Access.WRITE else "read"
    log.warning(
        "Bound to %s: whoever reaches this address may %s without a token. Set "
        "FRETBOARD_WRITE_TOKENS and FRETBOARD_READ_TOKENS, or bind to 127.0.0.1: docs/security.md.",
        settings.host,
        may,
    )


def tell_of_fallback(settings: Settings) -> None:
    """Log how to get the model for photographs, where its absence chose the bundled one."""
    if settings.model == BUNDLED_MODEL and "model" not in settings.model_fields_set:
        log.warning(
            "%s answers, the bundled model, which knows drawn scenes only: the one for photographs "
            "is not assembled on this machine; run %s (110 MB, once) and start again.",
            BUNDLED_MODEL,
            ASSEMBLE,
        )


def _check_port(settings: Settings) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise SystemExit(
                f"Port {settings.port} on {settings.host} cannot be used ({error.strerror}). "
                "Stop what uses it, or choose another: PORT=8001 make run"
            ) from error
