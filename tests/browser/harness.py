"""The server process and the watched pages that the browser tests share."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

ROOT = Path(__file__).parents[2]


class Server:
    """`fretboard serve` as a user starts it; its output is kept for failing tests."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "server.log"
        environment = os.environ | {
            "PORT": str(self.port),
            "STORE_URL": str(folder / "data"),
            "PYTHONPATH": str(ROOT / "backend"),
        }
        environment.pop("REDIS_URL", None)
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "fretboard.cli", "serve"],
                cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def wait(self, path: str, seconds: float) -> None:
        """Until `path` answers 200. Raises RuntimeError with the server's output otherwise."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            try:
                urllib.request.urlopen(self.url + path, timeout=5).close()
            except OSError:
                time.sleep(0.2)
            else:
                return
        raise RuntimeError(f"{path} did not answer 200:\n{self.log.read_text()}")

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()


class Watched:
    """Contexts whose pages may not log errors, throw, or break the content policy."""

    def __init__(self, browser: Browser, server: Server) -> None:
        self._browser, self._server = browser, server
        self._contexts: list[BrowserContext] = []
        self.errors: list[str] = []

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
        page.on("pageerror", lambda error: self.errors.append(f"thrown: {error}"))
        page.set_default_timeout(20_000)
        return page

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location.get('url', '')})")

    def close(self) -> None:
        for context in self._contexts:
            context.close()
