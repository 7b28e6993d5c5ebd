"""`fretboard serve`: the web process, with the worker inside unless it is to be outside."""

import logging
import socket
import threading

import uvicorn

from fretboard.api.app import create_app
from fretboard.gallery import seed_examples
from fretboard.services import Services, build_services
from fretboard.settings import Settings
from fretboard.worker import Worker

log = logging.getLogger(__name__)
LOAD_ANYWAY_AFTER_SECONDS = 5.0  # nobody opened the page, but jobs of the last run may wait


class _InsideWorker:
    """Starts the worker once, after the first page is out: importing torch would hold it up."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._started = threading.Lock()

    def start(self) -> None:
        if self._started.acquire(blocking=False):
            worker = Worker(self._services)
            threading.Thread(target=worker.start, name="worker", daemon=True).start()


def serve(settings: Settings) -> None:
    """Serve until stopped. Raises SystemExit with one line when the port is taken."""
    _check_port(settings)
    seed_examples(settings)
    services = build_services(settings)
    inside = _InsideWorker(services)
    start = inside.start if settings.worker == "inside" else _nothing
    app = create_app(services, after_first_response=start)
    timer = threading.Timer(LOAD_ANYWAY_AFTER_SECONDS, start)
    timer.daemon = True
    timer.start()
    log.info("Fretboard on http://%s:%s", settings.host, settings.port)
    uvicorn.run(
        app, host=settings.host, port=settings.port, log_config=None, timeout_graceful_shutdown=5
    )


def _nothing() -> None:
    return None


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
