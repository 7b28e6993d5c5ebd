"""Long answers: only what is in sight is drawn; strip, zoom, search, filters; back and forward."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.harness import AT_LENGTH, Watched, ask, board, chip, follow, open_board
from tests.support.servers import Server

pytestmark = [pytest.mark.browser, AT_LENGTH]

SENTENCE = " On the left there is a large tree. The tree is black."
TOKENS = 576


@pytest.fixture(scope="module")
def long(server: Server, scene: Path) -> str:
    """An analysis of a given answer of some 576 tokens."""
    text = (SENTENCE * (TOKENS // 14 + 1)).strip()
    found = ask(server, scene, continuation=text)
    follow(server, found)
    return found


def strip(page: Page):
    return page.get_by_title("The whole answer: press or drag to go there")


def width(page: Page) -> float:
    box = chip(page, 300).bounding_box()
    assert box is not None
    return box["width"]


def words_in_cells(page: Page) -> int:
    return int(page.locator("canvas.heat").get_attribute("data-words") or 0)


def test_what_is_in_sight_is_drawn_and_has_its_words(watched: Watched, long: str) -> None:
    page = watched.page()
    open_board(page, f"/a/{long}?token=300&depth=5")
    expect(chip(page, 300)).to_be_in_viewport()
    expect(chip(page, 0)).to_have_count(0)
    assert page.locator(".chips button").count() < 120
    assert words_in_cells(page) > 100
    strip(page).scroll_into_view_if_needed()
    box = strip(page).bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 3, box["y"] + 10)
    expect(chip(page, 0)).to_be_in_viewport()
    page.get_by_role("button", name="Fit").click()
    expect(strip(page)).to_have_count(0)
    expect(chip(page, 570)).to_be_in_viewport()
    assert words_in_cells(page) == 0
    for _ in range(9):
        page.get_by_role("button", name="Wider columns").click()
    expect(strip(page)).to_be_visible()
    expect(page.locator("canvas.heat:not([data-words='0'])")).to_be_visible()


def test_the_zoom_is_in_the_address(watched: Watched, long: str) -> None:
    page = watched.page()
    open_board(page, f"/a/{long}?token=300&depth=5")
    page.wait_for_load_state("networkidle")  # what stands above the board may still come
    usual = width(page)
    page.get_by_role("button", name="Wider columns").click()
    expect(page).to_have_url(re.compile("zoom=1$"))
    expect(chip(page, 300)).to_be_in_viewport()
    assert width(page) > usual
    page.go_back()
    expect(page).not_to_have_url(re.compile("zoom="))
    assert width(page) == usual
    open_board(page, f"/a/{long}?token=300&depth=5&zoom=fit")
    expect(chip(page, 0)).to_be_in_viewport()
    expect(chip(page, 570)).to_be_in_viewport()


def test_words_are_found_and_kinds_of_tokens_shown(watched: Watched, long: str) -> None:
    page = watched.page()
    open_board(page, f"/a/{long}?token=0&depth=5")
    page.get_by_role("searchbox", name="Find").fill("tree")
    page.keyboard.press("Enter")
    selected = page.get_by_role("region", name="Selected token").get_by_role("heading")
    expect(selected).to_contain_text("tree")
    first = page.url
    page.keyboard.press("Enter")
    expect(page).not_to_have_url(first)
    expect(page.get_by_role("group", name="Columns")).to_contain_text(re.compile(r"2 of \d+"))
    page.get_by_label("Show", exact=True).select_option("content")
    expect(page).to_have_url(re.compile("show=content"))
    expect(page.locator(".chips button", has_text="the")).to_have_count(0)
    expect(page.locator(".chips button", has_text="tree").first).to_be_visible()
    board(page).focus()
    page.keyboard.press("ArrowRight")
    expect(selected).not_to_contain_text("tree")


def test_the_text_takes_the_boards_colours(watched: Watched, analysis: str) -> None:
    page = watched.page()
    open_board(page, f"/a/{analysis}?token=3&depth=2")
    word = page.locator(".answer .text span").nth(3)
    expect(word).not_to_have_attribute("style", re.compile("background"))
    page.get_by_label("Shade the answer").check()
    expect(word).to_have_attribute("style", re.compile("background: rgb"))
    before = word.get_attribute("style")
    page.get_by_role("radio", name="Entropy").check(force=True)
    expect(word).not_to_have_attribute("style", before or "")


def test_back_and_forward_walk_the_selections(watched: Watched, analysis: str) -> None:
    page = watched.page()
    open_board(page, f"/a/{analysis}?token=1&depth=5")
    for token in (3, 5):
        page.wait_for_timeout(700)  # the pause that makes an entry of its own
        chip(page, token).click()
        expect(page).to_have_url(re.compile(f"token={token}&"))
    page.go_back()
    expect(page).to_have_url(re.compile("token=3&"))
    expect(chip(page, 3)).to_have_attribute("aria-pressed", "true")
    page.go_back()
    expect(chip(page, 1)).to_have_attribute("aria-pressed", "true")
    page.go_forward()
    expect(chip(page, 3)).to_have_attribute("aria-pressed", "true")
