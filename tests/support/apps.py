"""The application at work in this process: a client of it, with a worker beside."""

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi.testclient import TestClient

from fretboard.jobs.services import Services
from fretboard.jobs.worker import Worker
from fretboard.server.app import create_app


@contextmanager
def at_work(services: Services) -> Iterator[TestClient]:
    """Faults of the server are answered, not raised; the worker has stopped at the end."""
    worker = Worker(services)
    worker.start()
    app = create_app(services, lambda: None)
    try:
        with TestClient(app, raise_server_exceptions=False) as client:
            yield client
    finally:
        worker.stop()
