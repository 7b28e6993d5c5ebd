"""Takes the README's pictures: `python -m tests.browser.screenshots`."""

import json
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from fretboard.core.own_models import BUNDLED_MODEL
from tests.browser.harness import (
    READY_SECONDS,
    ROOT,
    ask,
    chromium_arguments,
    draw_scene,
    follow,
    go_down,
)
from tests.support.servers import Server

IMAGES = ROOT / "docs/images"
SEEDS = range(7, 19)  # scenes looked through for a late reversal on a word
SIZES = {1440: 960, 390: 844}  # width: height, CSS pixels


def main() -> None:
    """Writes docs/images/page-1440.png, page-390.png, compare-1440.png and causal-1440.png."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(**chromium_arguments())
        with Server(Path(folder) / "data", FRETBOARD_MODEL=BUNDLED_MODEL) as server:
            server.wait("/readyz", READY_SECONDS)
            address = _example(server, Path(folder))
            for width in SIZES:
                _take(browser, server.url + address, f"page-{width}.png", width)
            beside = _without_image(browser, server.url + address)
            _take(browser, beside, "compare-1440.png", 1440)
            _take_test(browser, server.url + address)
        browser.close()


def _example(server: Server, folder: Path) -> str:
    """The ready-made example, else the drawn scene whose answer has most to show."""
    gallery = json.load(urllib.request.urlopen(f"{server.url}/api/gallery"))
    if any(entry["analysis_id"] for entry in gallery):
        return "/"
    address = "/"
    for seed in SEEDS:
        found = ask(server, draw_scene(folder / f"{seed}.png", seed))
        follow(server, found)
        document = json.load(urllib.request.urlopen(f"{server.url}/api/analyses/{found}"))
        address = f"/a/{found}"
        if _has_late_reversal(document):
            break
    return address


def _has_late_reversal(document: dict[str, Any]) -> bool:
    half = document["model"]["layers"] / 2
    words = (token for token in document["tokens"] if token["text"].strip().isalpha())
    return any(word["reversal"] and word["reversal"]["overturned_at"] > half for word in words)


def _without_image(browser: Browser, url: str) -> str:
    """The address of the analysis beside the same answer given without the image."""
    page = browser.new_page()
    page.goto(url)
    page.get_by_role("button", name="Compare").click()
    page.get_by_label("Force the same answer").check()
    page.get_by_role("button", name="without the image").click()
    page.wait_for_selector("[aria-label^='Means over'] [data-line]")
    address = page.url
    page.close()
    return address


def _take_test(browser: Browser, url: str) -> None:
    """A causal test of the analysis, the mean of its tokens."""
    page = browser.new_page(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    page.goto(url)
    section = go_down(page, "Causal tests")
    section.get_by_role("radio", name="Patching").check()
    section.get_by_role("button", name="Run the test").click()
    section.locator(".heatmaplayer image").wait_for(timeout=120_000)
    page.wait_for_load_state("networkidle")
    section.locator(".finding").scroll_into_view_if_needed()
    section.screenshot(path=IMAGES / "causal-1440.png")
    page.close()


def _take(browser: Browser, url: str, name: str, width: int) -> None:
    size = {"width": width, "height": SIZES[width]}
    page = browser.new_page(viewport=size, color_scheme="light", reduced_motion="reduce")
    page.goto(url)
    page.wait_for_selector("canvas.heat")
    page.wait_for_load_state("networkidle")
    if width < 760:
        page.locator(".strings").evaluate("node => node.scrollIntoView()")
    page.screenshot(path=IMAGES / name)
    page.close()


if __name__ == "__main__":
    main()
