"""The watched pages that the browser tests share."""

import contextlib
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect

from tests.support.servers import Server, wait_for

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "backend/fretboard/server/static"
BLOG = "http://localhost:*"  # sites that may frame charts; 127.0.0.1 may not
PROMPT = "Please describe this image in detail."
READY_SECONDS = 300  # a cold import of torch on a machine with much else to do
RUN_MS = 180_000  # an analysis of the bundled model, on the same machine
PATIENCE_MS = 60_000  # whatever the page does by itself
# The shell first: the same engine without the surface of a whole browser, which takes as much of a
# processor as the page does.
CHROMIUM_NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


REFUSED = re.compile(r"the server responded with a status of (\d+)")  # Chromium's own words


class Watched:
    """Contexts whose pages may not log errors, throw, or break the content policy.

    Chromium logs every refused request as an error, at a time of its own, perhaps after the test:
    a test says beforehand which statuses it provokes, and errors are judged at the end alone.
    """

    def __init__(self, browser: Browser, server: Server) -> None:
        self._browser, self._server = browser, server
        self._contexts: list[BrowserContext] = []
        self._provoked: set[int] = set()
        self._logged: list[str] = []

    def provokes(self, *statuses: int) -> None:
        """Answers with these statuses belong to the test."""
        self._provoked.update(statuses)

    def page(self, width: int = 1440, height: int = 900, theme: str = "light") -> Page:
        context = self._browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=theme,  # type: ignore[arg-type]
            base_url=self._server.url,
            permissions=["clipboard-read", "clipboard-write"],
            reduced_motion="reduce",
        )
        self._contexts.append(context)
        page = context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self._logged.append(f"thrown: {error}"))
        page.set_default_timeout(PATIENCE_MS)
        return page

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._logged.append(f"{message.text} ({message.location.get('url', '')})")

    def close(self) -> None:
        """Close the pages. Fails for an error of theirs."""
        for context in self._contexts:
            context.close()
        errors = [text for text in self._logged if not self._is_provoked(text)]
        assert not errors, f"the page logged {errors}"

    def _is_provoked(self, text: str) -> bool:
        refused = REFUSED.search(text)
        return refused is not None and int(refused[1]) in self._provoked


def open_board(page: Page, address: str) -> None:
    """Goes to an analysis and waits until its fretboard is drawn."""
    page.goto(address)
    expect(board(page)).to_be_visible()
    expect(page.locator("canvas.heat").first).to_be_attached()


def board(page: Page | Locator) -> Locator:
    return page.get_by_role("application")


def chip(page: Page | Locator, index: int) -> Locator:
    return page.locator(f".board [data-token='{index}']")


def ask(server: Server, image: Path, **fields: str) -> str:
    """Posts a question as multipart form data and returns its analysis id."""
    edge = uuid.uuid4().hex
    parts = [
        f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'.encode()
        for name, text in ({"prompt": PROMPT} | fields).items()
    ]
    head = f'--{edge}\r\nContent-Disposition: form-data; name="image"; filename="x.png"\r\n\r\n'
    body = b"".join([*parts, head.encode(), image.read_bytes(), f"\r\n--{edge}--\r\n".encode()])
    kind = {"Content-Type": f"multipart/form-data; boundary={edge}"}
    request = urllib.request.Request(f"{server.url}/api/analyses", data=body, headers=kind)
    return json.load(urllib.request.urlopen(request))["id"]


def follow(server: Server, analysis_id: str) -> None:
    """Until it is done or failed."""
    address = f"{server.url}/api/analyses/{analysis_id}/events"
    urllib.request.urlopen(address, timeout=RUN_MS / 1000).read()


def expect_same(first: Callable[[], object], second: Callable[[], object]) -> None:
    """Two views come to show the same; both may still be drawing."""
    with contextlib.suppress(AssertionError):
        wait_for(lambda: first() == second(), seconds=RUN_MS / 1000)
    assert first() == second()


def go_down(page: Page, name: str) -> Locator:
    """A view of the full width, reached by its link and loaded; returns its section."""
    page.get_by_role("navigation", name="Further views").get_by_role("button", name=name).click()
    section = page.get_by_role("region", name=name)
    expect(section.locator(":scope > .skeleton")).to_have_count(0)
    return section


def first_script() -> int:
    """Bytes, compressed, of the scripts of its own that the page loads before anything is shown."""
    index = (STATIC / "index.html").read_text()
    names = set(re.findall(r"/(assets/[^\"]+\.js)", index))
    return sum(len(gzip.compress((STATIC / name).read_bytes())) for name in names)


def draw_scene(path: Path, seed: int) -> Path:
    """Draws a scene of the bundled model's world."""
    command = [sys.executable, "-m", "fretboard.tiny_llava", "scene", "--out", str(path)]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "backend")}
    subprocess.run(
        [*command, "--seed", str(seed)], check=True, env=environment, stdout=subprocess.DEVNULL
    )
    return path


def chromium_arguments() -> dict[str, Any]:
    """How to launch Chromium: the environment's, the system's, else Playwright's own."""
    installed = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    path = os.environ.get("FRETBOARD_CHROMIUM") or installed
    return {"executable_path": path, "args": list(CHROMIUM_ARGUMENTS)}


# Minutes of downloads, frames, long answers, maps and tests made anew: `make browser-tests`.
AT_LENGTH = pytest.mark.skipif(
    os.environ.get("FRETBOARD_BROWSER") != "all", reason="make browser-tests"
)
