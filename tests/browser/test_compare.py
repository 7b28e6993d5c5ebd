"""Two analyses beside each other, from the menu to a shared link; and the end of an analysis."""

import json
import re
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.harness import (
    RUN_MS,
    Watched,
    ask,
    board,
    chip,
    expect_same,
    follow,
    open_board,
)
from tests.support.servers import Server

pytestmark = pytest.mark.browser


def side(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=f"Side {name}")


def open_menu(page: Page) -> Locator:
    page.get_by_role("button", name="Compare").click()
    return page.get_by_role("group", name="Compare")


def expect_drawn(page: Page) -> None:
    for name in "AB":
        expect(board(side(page, name))).to_be_visible(timeout=RUN_MS)
        expect(side(page, name).locator("canvas.heat").first).to_be_attached()
    expect(page.locator("[aria-label^='Means over'] [data-line]").first).to_be_attached()


def shown(page: Page) -> list[dict[str, object]]:
    """What each side shows, as far as a reader could tell two views apart."""
    return [
        {
            "answer": side(page, name).locator(".answer .text").inner_text(),
            "token": side(page, name).locator("[aria-pressed=true]").get_attribute("data-token"),
            "reading": side(page, name).locator("[aria-live].reading").inner_text(),
            "bar": side(page, name).locator(".board + footer .title").inner_text(),
        }
        for name in "AB"
    ]


def test_from_the_menu_to_a_shared_comparison(watched: Watched, analysis: str) -> None:
    page = watched.page()
    open_board(page, f"/a/{analysis}?token=3&depth=5")
    menu = open_menu(page)
    menu.get_by_label("Force the same answer").check()
    menu.get_by_role("button", name="without the image").click()
    page.wait_for_url(re.compile(rf"/compare/{analysis}/\w+\?"))
    expect_drawn(page)
    expect(side(page, "B")).to_contain_text("no image")
    expect(side(page, "B")).to_contain_text("same tokens as A")
    expect(chip(side(page, "B"), 3)).to_have_attribute("aria-pressed", "true")

    # One depth for both; a token chosen on B is chosen on A where the tokens are the same.
    chip(side(page, "B"), 5).click()
    expect(chip(side(page, "A"), 5)).to_have_attribute("aria-pressed", "true")
    board(side(page, "B")).focus()
    page.keyboard.press("ArrowUp")
    for name in "AB":
        expect(side(page, name).locator("[aria-live].reading")).to_contain_text("depth 6 · token 5")
    lens = side(page, "B").get_by_role("group", name="Lens of B")
    lens.get_by_role("radio", name="Raw").check(force=True)
    expect(side(page, "B").locator(".board + footer .title")).to_contain_text("raw lens")
    expect(side(page, "A").locator(".board + footer .title")).to_contain_text("normed lens")
    expect(page).to_have_url(re.compile("token=5&depth=6&lens2=raw"))

    other = watched.page()
    other.goto(page.url)
    expect_drawn(other)
    expect(side(other, "B").locator(".board + footer .title")).to_contain_text("raw lens")
    expect(side(other, "B").locator("[aria-live].reading")).to_contain_text("depth 6 · token 5")
    expect_same(lambda: shown(other), lambda: shown(page))


def test_sides_swap_and_open_alone(watched: Watched, analysis: str) -> None:
    page = watched.page()
    page.goto(f"/compare/{analysis}/{analysis}?token=2&depth=4&lens2=raw")
    expect_drawn(page)
    before = shown(page)
    page.get_by_role("button", name="Swap sides").click()
    expect(page).to_have_url(re.compile(r"\?token=2&depth=4&lens=raw$"))
    expect(side(page, "A").locator(".board + footer .title")).to_contain_text("raw lens")
    expect(side(page, "B").locator(".board + footer .title")).to_contain_text("normed lens")
    expect(side(page, "B").locator("[aria-live].reading")).to_contain_text("normed lens")
    expect(side(page, "A").locator("[aria-live].reading")).to_contain_text("raw lens")
    expect_same(lambda: shown(page), lambda: before[::-1])
    side(page, "A").get_by_role("button", name="Open alone").click()
    expect(page).to_have_url(re.compile(rf"/a/{analysis}\?token=2&depth=4&lens=raw$"))
    expect(page.get_by_role("button", name="Analyse")).to_be_visible()
    page.go_back()
    expect(side(page, "B").locator(".board + footer .title")).to_contain_text("normed lens")


def test_a_blank_image_and_another_prompt_can_be_compared(watched: Watched, analysis: str) -> None:
    page = watched.page()
    open_board(page, f"/a/{analysis}")
    open_menu(page).get_by_role("button", name="with a blank image").click()
    page.wait_for_url(re.compile("/compare/"))
    expect_drawn(page)
    picture = side(page, "B").get_by_role("img", name="The image of side B")
    grey = """async (node) => {
        await node.decode();
        const canvas = document.createElement("canvas");
        const pen = canvas.getContext("2d");
        pen.drawImage(node, 0, 0);
        return [node.naturalWidth, ...pen.getImageData(node.naturalWidth >> 1, 5, 1, 1).data];
    }"""
    width = side(page, "A").get_by_role("img").first.evaluate("node => node.naturalWidth")
    assert picture.evaluate(grey) == [width, 128, 128, 128, 255]

    menu = open_menu(page)
    menu.get_by_label("with another prompt").fill("Is there a ball in the image?")
    menu.get_by_role("button", name="Ask").click()
    expect(side(page, "B").locator(".answer")).to_contain_text("Is there a ball", timeout=RUN_MS)
    expect_drawn(page)


def test_a_cancelled_side_runs_again_and_swaps(
    watched: Watched, server: Server, analysis: str, scene: Path
) -> None:
    slow = ask(server, scene, continuation="The ball is black. " * 150)
    page = watched.page()
    page.goto(f"/compare/{slow}/{analysis}")
    side(page, "A").get_by_role("button", name="Cancel").click()
    expect(side(page, "A").get_by_text("Cancelled", exact=True)).to_be_visible()
    expect(board(side(page, "B"))).to_be_visible()
    page.get_by_role("button", name="Swap sides").click()
    expect(side(page, "B").get_by_text("Cancelled", exact=True)).to_be_visible()
    expect(board(side(page, "A"))).to_be_visible()
    side(page, "B").get_by_role("button", name="Run again").click()
    side(page, "B").get_by_role("button", name="Cancel").click()
    expect(side(page, "B").get_by_role("button", name="Run again")).to_be_visible()


def test_a_missing_side_is_explained_beside_the_other(watched: Watched, analysis: str) -> None:
    watched.provokes(404)
    page = watched.page()
    page.goto(f"/compare/{analysis}/{'0' * 32}?token=1")
    expect(side(page, "B").get_by_text("There is no analysis at this address")).to_be_visible()
    expect(board(side(page, "A"))).to_be_visible()
    expect(side(page, "A").locator("canvas.heat").first).to_be_attached()


@pytest.mark.parametrize("width", [390, 1440])
def test_the_comparison_fits_the_window(watched: Watched, analysis: str, width: int) -> None:
    page = watched.page(width, 844)
    page.goto(f"/compare/{analysis}/{analysis}?token=2&depth=4&lens2=difference&scale=depth")
    expect_drawn(page)
    beyond = "document.documentElement.scrollWidth - innerWidth"
    assert page.evaluate(beyond) <= 0
    for button in ("Stages: how", "Compare"):
        page.get_by_role("button", name=button).click()
        panel = page.get_by_role("group", name=button)
        expect(panel).to_be_visible()
        box = panel.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        page.keyboard.press("Escape")
        expect(panel).to_have_count(0)


def test_an_analysis_is_deleted_after_a_second_thought(
    watched: Watched, server: Server, scene: Path
) -> None:
    found = ask(server, scene, continuation="There is one tree.")
    page = watched.page()
    page.goto("/")
    past = [{"id": found, "prompt": "Gone soon?", "answer": "", "image": True, "at": 0}]
    page.evaluate("past => localStorage.setItem('fretboard.history', past)", json.dumps(past))
    open_board(page, f"/a/{found}")
    expect(page.get_by_role("link", name="Gone soon?")).to_be_visible()
    page.get_by_role("button", name="Download or delete").click()
    page.get_by_role("button", name="Delete this analysis").click()
    page.get_by_role("button", name="Keep it").click()
    page.get_by_role("button", name="Delete this analysis").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.wait_for_url(f"{server.url}/")
    expect(board(page)).to_be_visible()
    expect(page.get_by_role("link", name="Gone soon?")).to_have_count(0)
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{server.url}/api/analyses/{found}")


def test_what_is_typed_while_a_question_is_sent_is_kept(watched: Watched, scene: Path) -> None:
    page = watched.page()
    page.goto("/")
    page.set_input_files("input[type=file]", scene)
    page.get_by_label("Prompt", exact=True).fill("What is the color of the ball?")
    held: list[Route] = []
    page.route(re.compile("/api/analyses$"), lambda route: held.append(route))
    with page.expect_request(re.compile("/api/analyses$")):
        page.get_by_role("button", name="Analyse").click()
    page.get_by_label("Prompt", exact=True).fill("Is there a tree?")
    for route in held:
        route.continue_()
    page.wait_for_url(re.compile("/a/"))
    expect(page.locator(".strings")).to_contain_text("What is the color of the ball?")
    expect(board(page)).to_be_visible(timeout=RUN_MS)
    expect(page.get_by_label("Prompt", exact=True)).to_have_value("Is there a tree?")


def test_a_comparison_opens_where_the_answers_first_differ(
    watched: Watched, server: Server, scene: Path, analysis: str
) -> None:
    other = ask(server, scene, continuation="On the left there are three small black balls.")
    follow(server, other)
    page = watched.page()
    page.goto(f"/compare/{analysis}/{other}?depth=5")
    selected = [
        side(page, name).get_by_role("region", name="Selected token").get_by_role("heading")
        for name in "AB"
    ]
    expect(selected[0]).to_contain_text("two")
    expect(selected[1]).to_contain_text("three")
    chip(side(page, "A"), 6).click()  # its counterpart stands one further
    expect(selected[0]).to_contain_text("black")
    expect(selected[1]).to_contain_text("black")
    expect(selected[1]).to_contain_text("token 7")
