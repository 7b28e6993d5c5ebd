"""Pages with a map of hidden states: what the tests of image sets and of maps share."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.harness import RUN_MS

MAP_MS = 180_000  # a t-SNE of some hundred points, and the import that comes before the first one


def drawing(page: Page) -> Locator:
    return page.get_by_role("img", name=re.compile("^Map of the hidden states"))


def points(page: Page) -> Locator:
    return drawing(page).locator(".scatterlayer .point")


def slider(page: Page) -> Locator:
    return page.get_by_role("slider", name="Depth")


def expect_map(page: Page) -> None:
    expect(points(page).first).to_be_attached(timeout=MAP_MS)
    expect(page.locator(".plot.stale")).to_have_count(0, timeout=MAP_MS)


def open_set(page: Page, title: str) -> str:
    """Starts a set of the bundled world and waits for its map; its path."""
    page.goto("/")
    page.get_by_role("button", name=f"Image set: {title}").click()
    page.wait_for_url(re.compile(r"/t/\w+$"))
    expect(page.get_by_text("12 images, 12 analysed")).to_be_visible(timeout=2 * RUN_MS)
    expect_map(page)
    return page.evaluate("location.pathname")
