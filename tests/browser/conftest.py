"""A real server process on a free port, Chromium, and pages that must stay free of errors."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.harness import (
    BLOG,
    PATIENCE_MS,
    READY_SECONDS,
    ROOT,
    Watched,
    ask,
    chromium_arguments,
    draw_scene,
    follow,
)
from tests.support.servers import Server


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if not (ROOT / "backend/fretboard/server/static/index.html").is_file():
        pytest.fail("The page is not built: run `make page` first.")
    with Server(tmp_path_factory.mktemp("server") / "data", FRETBOARD_EMBED=BLOG) as started:
        started.wait("/readyz", READY_SECONDS)
        yield started


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(**chromium_arguments())
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drawn scene that the model has not been shown in the gallery."""
    return draw_scene(tmp_path_factory.mktemp("scene") / "scene.png", seed=4242)


@pytest.fixture(scope="package")
def analysis(server: Server, scene: Path) -> str:
    """A finished analysis with a known text of eight words."""
    text = "On the left there are two black balls."
    found = ask(server, scene, continuation=text)
    follow(server, found)
    return found


@pytest.fixture
def watched(browser: Browser, server: Server, request: pytest.FixtureRequest) -> Iterator[Watched]:
    watcher = Watched(browser, server)
    yield watcher
    if request.session.testsfailed:
        print(f"--- the server's last output ---\n{server.log[-4000:]}")
    watcher.close()
