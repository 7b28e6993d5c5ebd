"""Image patches in the page: a word over the image, the words of a patch, and the link to both."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.harness import Watched, expect_same, open_board

pytestmark = pytest.mark.browser


def patches(page: Page) -> Locator:
    """The view, in sight, with its numbers."""
    view = page.locator("section").filter(
        has=page.get_by_role("heading", name=re.compile("^Image patches"))
    )
    view.scroll_into_view_if_needed()
    expect(view.locator("svg rect").first).to_be_attached()
    return view


def colors(view: Locator) -> list[str]:
    return view.locator("svg rect").evaluate_all("all => all.map(one => one.getAttribute('fill'))")


def test_a_word_a_depth_and_a_patch_travel_with_the_link(watched: Watched, analysis: str) -> None:
    page = watched.page()
    open_board(page, f"/a/{analysis}?token=3")
    view = patches(page)
    assert len(colors(view)) == 64
    view.get_by_label("Word", exact=True).fill("dog")
    view.get_by_role("button", name="Show", exact=True).click()
    expect(view.locator(".said")).to_contain_text("probability of “dog” at depth 12")
    before = colors(view)
    view.get_by_label(re.compile("^Depth")).fill("2")
    expect(view.locator(".said")).to_contain_text("at depth 2")
    expect_same(lambda: colors(view) != before, lambda: True)
    board = view.get_by_role("slider", name="Patches of the image")
    board.focus()
    for key in ("Home", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    expect(view.get_by_role("heading", name="Words of patch 9")).to_be_visible()
    expect(view.locator("tbody tr")).to_have_count(13)
    expect(page).to_have_url(re.compile("depth=2&patch_word=dog&patch=9"))

    other = watched.page()
    open_board(other, page.url)
    again = patches(other)
    expect(again.get_by_role("heading", name="Words of patch 9")).to_be_visible()
    expect(again.locator(".said")).to_have_text(view.locator(".said").inner_text())
    expect_same(lambda: colors(again), lambda: colors(view))


def test_hover_shows_a_patch_without_choosing_it(watched: Watched, analysis: str) -> None:
    page = watched.page()
    open_board(page, f"/a/{analysis}?token=3&depth=9")
    view = patches(page)
    board = view.get_by_role("slider", name="Patches of the image")
    box = board.bounding_box()
    assert box is not None
    board.hover(position={"x": box["width"] * 0.31, "y": box["height"] * 0.56})
    expect(view.get_by_role("heading", name="Words of patch 34")).to_be_visible()
    expect(view.locator(".said")).to_contain_text("Patch 34:")
    assert "patch=" not in page.url
