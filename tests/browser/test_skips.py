"""Skipped layers in the page: from marked depths and from the menu to the pair with its diff."""

import json
import re
import urllib.request

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.harness import RUN_MS, Watched, ask, board, expect_same, follow, open_board
from tests.support.servers import Server

pytestmark = pytest.mark.browser


def side(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=f"Side {name}")


def read(server: Server, path: str) -> object:
    return json.loads(urllib.request.urlopen(f"{server.url}/api/analyses/{path}").read())


def expect_pair(page: Page, rows: list[str]) -> None:
    """Both boards drawn; the rows hatched on B's side and none on A's; the diff of the answers."""
    for name in "AB":
        expect(board(side(page, name))).to_be_visible(timeout=RUN_MS)
    marks = side(page, "B").locator(".marks [data-rows]")
    expect_same(lambda: [part.get_attribute("data-rows") for part in marks.all()], lambda: rows)
    expect(side(page, "A").locator(".marks [data-rows]")).to_have_count(0)
    diff = page.get_by_role("region", name="The answer, from A to B")
    for name, parts in (("A", "[data-part=kept], del"), ("B", "[data-part=kept], ins")):
        words, answer = diff.locator(parts), side(page, name).locator(".answer .text")
        expect_same(
            lambda words=words: without_spaces(" ".join(words.all_inner_texts())),
            lambda answer=answer: without_spaces(answer.inner_text().partition("\u2002(")[0]),
        )


def without_spaces(text: str) -> str:
    return re.sub(r"\s", "", text)


def test_marked_depths_are_skipped_and_hatched(
    watched: Watched, server: Server, free_answer: str
) -> None:
    page = watched.page()
    open_board(page, f"/a/{free_answer}?range=3-5")
    page.get_by_role("button", name="Skip these layers (2–4)").click()
    page.wait_for_url(re.compile(rf"/compare/{free_answer}/\w+"))
    expect_pair(page, ["3-5"])
    expect(side(page, "B").locator(".answer")).to_contain_text("layers 2–4 skipped")
    other = re.search(r"/compare/\w+/(\w+)", page.url)
    assert other
    document = read(server, other[1])
    assert document["request"]["skip_layers"] == [2, 3, 4]  # type: ignore[index]
    shared = watched.page()
    shared.goto(page.url)
    expect_pair(shared, ["3-5"])


def test_the_menu_offers_the_presets_as_their_sets(
    watched: Watched, server: Server, free_answer: str
) -> None:
    presets = read(server, f"{free_answer}/presets")
    page = watched.page()
    open_board(page, f"/a/{free_answer}")
    page.get_by_role("button", name="Skip layers").click()
    menu = page.get_by_role("group", name="Skip layers")
    for entry in presets:  # type: ignore[attr-defined]
        button = menu.get_by_role("button", name=entry["preset"])
        if entry["layers"]:
            expect(button).to_contain_text(re.compile(rf"layers? {entry['layers'][0]}"))
        else:
            expect(button).to_be_disabled()
            expect(button).to_contain_text(entry["reason"])
    menu.get_by_label("After the prompt alone").check()
    menu.get_by_label("Any layers").fill("1, 5-6")
    menu.get_by_role("button", name="Run").click()
    page.wait_for_url(re.compile(rf"/compare/{free_answer}/\w+"))
    expect_pair(page, ["2-2", "6-7"])
    expect(side(page, "B").locator(".answer")).to_contain_text(
        "layers 1, 5–6 skipped after the prompt"
    )


@pytest.fixture(scope="module")
def free_answer(server: Server, scene) -> str:
    """A finished analysis whose answer is the model's own."""
    found = ask(server, scene)
    follow(server, found)
    return found


def test_two_words_are_swapped_from_the_keyboard_and_an_unknown_one_is_refused(
    watched: Watched, server: Server, free_answer: str
) -> None:
    watched.provokes(422)
    tokens = read(server, free_answer)["tokens"]  # type: ignore[index]
    own = next(token for token in tokens if token["text"].strip().isalpha())
    page = watched.page(390, 844, "dark")
    open_board(page, f"/a/{free_answer}?token={own['index']}")
    page.get_by_role("button", name="Steer", exact=True).press("Enter")
    panel = page.get_by_role("group", name="Steer")
    expect(panel.get_by_role("textbox", name="and")).to_have_value(own["text"].strip())
    word = panel.get_by_role("textbox", name="the word")
    word.fill("xqzzyv")
    word.press("Enter")
    expect(panel).to_contain_text("is not in this model's vocabulary")
    panel.get_by_label("at depth").press("ArrowRight")
    word.fill("two")
    word.press("Enter")
    page.wait_for_url(re.compile(rf"/compare/{free_answer}/\w+"))
    said = f"swapped two and {own['text'].strip()} at depth 7"
    expect(side(page, "B").locator(".answer")).to_contain_text(said, timeout=RUN_MS)
