"""A real server process on a free port, Chromium, and pages that must stay free of errors."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from .harness import ROOT, Server, Watched

READY_SECONDS = 180  # a cold import of torch on two busy cores
PATIENCE_MS = 20_000  # two cores may be busy with other tests
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if not (ROOT / "backend/fretboard/static/index.html").is_file():
        pytest.fail("The page is not built: run `make page` first.")
    started = Server(tmp_path_factory.mktemp("server"))
    try:
        started.wait("/readyz", READY_SECONDS)
        yield started
    finally:
        started.stop()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    found = os.environ.get("FRETBOARD_CHROMIUM") or next(
        filter(None, map(shutil.which, CHROMIUM_NAMES)), None
    )
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=list(CHROMIUM_ARGUMENTS))
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drawn scene that the model has not been shown in the gallery."""
    path = tmp_path_factory.mktemp("scene") / "scene.png"
    command = [
        sys.executable,
        "-m",
        "fretboard.tiny_llava",
        "scene",
        "--out",
        str(path),
        "--seed",
        "4242",
    ]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "backend")}
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    return path


@pytest.fixture
def watched(browser: Browser, server: Server, request: pytest.FixtureRequest) -> Iterator[Watched]:
    watcher = Watched(browser, server)
    yield watcher
    watcher.close()
    if request.session.testsfailed:
        print(f"--- the server's last output ---\n{server.log.read_text()[-4000:]}")
    assert watcher.errors == [], "the page logged errors"
