"""The page against the real server and the bundled model: what a user does, and what must hold."""

import json
import re
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.harness import (
    PROMPT,
    RUN_MS,
    Watched,
    board,
    chip,
    expect_same,
    first_script,
    open_board,
)
from tests.support.servers import Server

pytestmark = pytest.mark.browser


def competitors(page: Page) -> list[str]:
    """The names at the ends of the competition's lines."""
    return page.locator(
        "[aria-label^='Probability of the words'] svg text:not(.tick)"
    ).all_text_contents()


def view(page: Page) -> dict[str, object]:
    """What the page shows, as far as a reader could tell two views apart."""
    page.wait_for_load_state("networkidle")
    return {
        "answer": page.locator(".answer .text").inner_text(),
        "token": page.locator(".board [aria-pressed=true]").get_attribute("data-token"),
        "quantity": page.get_by_role("group", name="Quantity").locator(":checked").input_value(),
        "words": page.locator(".side form + ul li").all_inner_texts(),
        "competition": competitors(page),
        "reading": page.locator(".reading").inner_text(),
        "at depth": page.get_by_role("heading", name=re.compile("^Words")).inner_text(),
        "likeliest": page.locator("td.word").all_inner_texts(),
    }


def test_from_an_image_to_a_shared_link(watched: Watched, scene: Path) -> None:
    page = watched.page()
    page.goto("/")
    page.set_input_files("input[type=file]", scene)
    page.get_by_label("Prompt", exact=True).fill(PROMPT)
    page.get_by_role("button", name="Analyse").click()
    page.wait_for_url(re.compile(r"/a/\w+"))
    expect(board(page)).to_be_visible(timeout=RUN_MS)
    expect(page.locator(".answer .text")).not_to_be_empty()

    chip(page, 3).click()
    expect(chip(page, 3)).to_have_attribute("aria-pressed", "true")
    expect(
        page.locator("[aria-label^='Probability of the words'] [data-line]").first
    ).to_be_attached()
    page.get_by_label("Add a word to the competition").fill("red")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("button", name="Remove red")).to_be_visible()
    expect(
        page.locator("[aria-label^='Probability of the words'] svg text", has_text="red")
    ).to_be_visible()

    page.get_by_role("radio", name="Entropy").check(force=True)
    board(page).focus()
    page.keyboard.press("ArrowDown")
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_text("Link copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    expect(page).to_have_url(link)
    assert "token=3" in link
    assert "words=red" in link
    first = view(page)

    other = watched.page()
    open_board(other, link)
    expect(other.get_by_role("button", name="Remove red")).to_be_visible()
    expect(other.locator("td.word").first).to_be_visible()
    expect_same(lambda: view(other), lambda: first)


def test_start_page_answers_without_a_run(watched: Watched, server: Server) -> None:
    gallery = json.load(urllib.request.urlopen(f"{server.url}/api/gallery"))
    assert any(entry["analysis_id"] for entry in gallery)
    page = watched.page()
    open_board(page, "/")
    assert page.url == f"{server.url}/"
    chip(page, 31).click()
    page.wait_for_url(re.compile(r"/a/\w+\?token=31"))
    page.go_back()
    expect(board(page)).to_be_visible()
    assert page.url == f"{server.url}/"


def test_keyboard_moves_marks_and_clears(watched: Watched, analysis: str) -> None:
    page = watched.page()
    open_board(page, f"/a/{analysis}?token=2&depth=4")
    board(page).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    expect(page).to_have_url(re.compile("token=3&depth=5"))
    expect(page.locator(".reading")).to_contain_text("depth 5 · token 3")
    page.keyboard.press("Shift+ArrowUp")
    expect(page).to_have_url(re.compile("range=5-6"))
    page.keyboard.press("Escape")
    expect(page).not_to_have_url(re.compile("range"))
    page.keyboard.press("Escape")
    expect(page).not_to_have_url(re.compile("token"))
    expect(page.get_by_text("No token selected")).to_be_visible()


def test_pointer_hovers_selects_and_drags(watched: Watched, analysis: str) -> None:
    page = watched.page()
    open_board(page, f"/a/{analysis}")
    page.wait_for_load_state("networkidle")
    asked: list[str] = []
    # The page's other parts load when they like.
    of_analysis = lambda request: "/api/analyses/" in request.url  # noqa: E731
    page.on("request", lambda request: of_analysis(request) and asked.append(request.url))
    board(page).scroll_into_view_if_needed()
    box = board(page).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 10, box["y"] + 10)
    expect(page.locator(".tip")).to_contain_text("token 0")
    page.mouse.move(box["x"] + 10, box["y"] + 80)
    assert asked == [], "hover must not ask the server"
    page.mouse.click(box["x"] + 10, box["y"] + box["height"] - 5)
    expect(page).to_have_url(re.compile("token=0&depth=0"))
    page.mouse.move(box["x"] + 10, box["y"] + box["height"] - 5)
    page.mouse.down()
    page.mouse.move(box["x"] + 30, box["y"] + box["height"] - 90, steps=4)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"range=0-\d"))


def test_chips_stand_on_their_columns(watched: Watched, analysis: str) -> None:
    page = watched.page(390, 844)
    open_board(page, f"/a/{analysis}")
    expect(page.locator(".answer .text")).to_be_in_viewport()  # the question stands above it
    page.wait_for_load_state("networkidle")
    lefts, plot = page.evaluate(
        """() => {
            const left = (node) => node.getBoundingClientRect().left;
            const plot = document.querySelector("canvas.heat").getBoundingClientRect();
            return [[...document.querySelectorAll(".board [data-token]")].map(left), plot];
        }"""
    )
    column = plot["width"] / len(lefts)
    assert lefts == pytest.approx([plot["left"] + i * column for i in range(len(lefts))], abs=0.6)


@pytest.mark.parametrize("width", [390, 820, 1440])
def test_nothing_overflows_the_page(watched: Watched, analysis: str, width: int) -> None:
    page = watched.page(width, 844)
    for address in ("/", f"/a/{analysis}?token=3&depth=5&range=2-5&words=red,blue"):
        page.goto(address)
        page.wait_for_load_state("networkidle")
        beyond = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert beyond <= 0, address
    for button in page.locator("[aria-label^='What is'][aria-expanded]:visible").all():
        for _ in range(3):  # a view that arrives above moves the button from under the pointer
            if button.get_attribute("aria-expanded") == "false":
                button.click()
        expect(page.get_by_role("note")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        page.keyboard.press("Escape")


def test_a_bad_file_is_explained_and_the_page_goes_on(
    watched: Watched, tmp_path: Path, scene: Path
) -> None:
    watched.provokes(422)
    page = watched.page()
    page.goto("/")
    fake = tmp_path / "fake.png"
    fake.write_text("this is not an image")
    page.set_input_files("input[type=file]", fake)
    page.get_by_role("button", name="Analyse").click()
    expect(page.locator("form [role=alert]")).to_contain_text(re.compile("image", re.I))
    assert "/a/" not in page.url
    page.set_input_files("input[type=file]", scene)
    page.get_by_label("Prompt", exact=True).fill("What is the color of the ball?")
    page.get_by_role("button", name="Analyse").click()
    expect(board(page)).to_be_visible(timeout=RUN_MS)


def test_a_late_example_leaves_the_chosen_image_and_prompt(watched: Watched, scene: Path) -> None:
    page = watched.page()
    held: list[Route] = []
    page.route(re.compile(r"/api/analyses/\w+$"), lambda route: held.append(route))
    with page.expect_request(re.compile(r"/api/analyses/\w+$")):
        page.goto("/")
    page.set_input_files("input[type=file]", scene)
    page.get_by_label("Prompt", exact=True).fill("Where is this?")
    for route in held:
        route.continue_()
    expect(board(page)).to_be_visible()
    expect(page.get_by_label("Prompt", exact=True)).to_have_value("Where is this?")
    expect(page.get_by_role("img", name=f"question: {scene.name}")).to_be_visible()


def test_a_word_outside_the_vocabulary_is_explained(watched: Watched, analysis: str) -> None:
    watched.provokes(422)
    page = watched.page()
    open_board(page, f"/a/{analysis}?token=3")
    page.get_by_label("Add a word to the competition").fill("日本")
    page.get_by_role("button", name="Add", exact=True).click()
    answer = page.locator(".side [role=alert]").or_(page.get_by_text("several tokens"))
    expect(answer.first).to_be_visible()


def test_an_unknown_address_says_what_to_do(watched: Watched) -> None:
    watched.provokes(404)
    page = watched.page()
    page.goto("/a/0000000000000000?token=1")
    expect(page.get_by_text("There is no analysis at this address")).to_be_visible()
    expect(page.get_by_role("link", name="Open the start page")).to_be_visible()


def test_theme_follows_the_system_until_chosen(watched: Watched, analysis: str) -> None:
    page = watched.page(theme="dark")
    open_board(page, f"/a/{analysis}")
    ground = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(ground) == "rgb(22, 23, 26)"
    page.get_by_role("button", name=re.compile("^Theme")).click()
    assert page.evaluate(ground) == "rgb(251, 250, 247)"
    page.reload()
    assert page.evaluate(ground) == "rgb(251, 250, 247)"


def test_the_first_script_is_small() -> None:
    assert first_script() <= 60_000  # bytes, compressed: all else is loaded when it is needed
