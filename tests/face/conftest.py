"""The bundled model loaded once, what the docstrings' examples speak of, and a server beside it."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

import fretboard as fb
from fretboard.core.own_models import BUNDLED_MODEL
from fretboard.core.settings import Settings, get_settings
from fretboard.face.server import Server
from fretboard.jobs.services import build_services
from fretboard.jobs.worker import Worker
from fretboard.server.app import create_app
from fretboard.store.examples import gallery_image
from tests.support.servers import free_port, wait_for

QUESTION = "What is the color of the dog?"
PICTURES = ("blue-dog-red-sheep.png", "brown-banana.png", "purple-dog-asked.png")


@pytest.fixture(scope="package")
def desk(tmp_path_factory) -> Iterator[Path]:
    """The working folder: photo.png, 1.png to 3.png, photos/; nothing of the environment."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "photos").mkdir()
    for number, name in enumerate(PICTURES, 1):
        data = gallery_image(name).read_bytes()
        (folder / f"{number}.png").write_bytes(data)
        (folder / "photos" / f"{number}.png").write_bytes(data)
    (folder / "photo.png").write_bytes(gallery_image(PICTURES[0]).read_bytes())
    before = Path.cwd()
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("FRETBOARD_", "STORE_URL"))]:
            patch.delenv(name)
        patch.setenv("FRETBOARD_MODEL", BUNDLED_MODEL)
        get_settings.cache_clear()
        os.chdir(folder)
        yield folder
        os.chdir(before)
    get_settings.cache_clear()


@pytest.fixture(scope="package")
def model(desk) -> fb.Model:
    return fb.load()


@pytest.fixture(scope="package")
def analysis(model) -> fb.Analysis:
    return model.analyze("photo.png", QUESTION)


@pytest.fixture(scope="package")
def changed(model, analysis) -> fb.Analysis:
    """The same question without three layers."""
    return model.analyze(analysis.question.skip("3-5"))


@pytest.fixture(scope="package")
def server(desk) -> Iterator[Server]:
    """`fretboard serve` in a thread, over a store of its own, with a worker beside it."""
    settings = Settings(_env_file=None, STORE_URL=str(desk / "data"), device="cpu")
    services = build_services(settings.model_copy(update={"redis_url": None}))
    worker = Worker(services)
    worker.start()
    app = create_app(services, lambda: None)
    config = uvicorn.Config(app, port=free_port(), log_level="warning")
    web = uvicorn.Server(config)
    thread = threading.Thread(target=web.run, daemon=True)
    thread.start()
    wait_for(lambda: web.started)
    connected = fb.connect(f"http://127.0.0.1:{config.port}")
    connected.analyze("photo.png", QUESTION)
    yield connected
    web.should_exit = True
    thread.join(20)
    worker.stop()
