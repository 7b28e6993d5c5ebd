"""Nothing on the page misleads: every part speaks of one answer, and says what it does not know."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.harness import RUN_MS, Watched, board, open_board
from tests.support import http
from tests.support.servers import Server

pytestmark = pytest.mark.browser

REASON = "No stages found: the divergence rises over the last depths."
STORY = "“{}” leads from depth 9 to the end."


def without_stages(page: Page) -> None:
    """Answers come as the server tells them where it finds no stages."""

    def answer(route: Route) -> None:
        document = route.fetch().json()
        none = {"critical_depth": None, "critical_interval": None, "probability_depth": None}
        document["stages"] |= none | {"verdict": "none", "reason": REASON}
        nothing = dict.fromkeys(("class", "mutation_depth", "reversal", "flag"))
        for token in document["tokens"]:
            token |= nothing | {"story": STORY.format(token["text"].strip())}
        route.fulfill(json=document)

    page.route(re.compile(r"/api/analyses/\w+(\?|$)"), answer)


def test_an_answer_without_stages_says_so_everywhere(watched: Watched, analysis: str) -> None:
    page = watched.page()
    without_stages(page)
    open_board(page, f"/a/{analysis}?token=3")
    selected = page.get_by_role("region", name="Selected token")
    expect(selected).to_contain_text(" leads from depth 9 to the end.")
    expect(selected).to_contain_text(REASON)
    expect(page.locator(".board + footer")).to_contain_text("no stages found")
    expect(page.locator(".board .stage")).to_have_count(0)
    page.get_by_role("button", name="Stages: how").click()
    expect(page.get_by_role("group", name="Stages: how")).to_contain_text(REASON)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Skip layers").click()
    menu = page.get_by_role("group", name="Skip layers")
    expect(menu).to_contain_text(REASON)
    expect(menu).not_to_contain_text("skip.1")
    expect(menu.get_by_label("Any layers")).to_be_visible()


def picture(page: Page) -> Locator:
    return page.get_by_role("img", name="What this answer is about")


def test_a_chosen_image_is_not_taken_for_the_answers(
    watched: Watched, analysis: str, scene: Path, tmp_path: Path
) -> None:
    watched.provokes(422)
    page = watched.page()
    open_board(page, f"/a/{analysis}")
    pending = page.get_by_text("Not asked yet: the answer on show is another question’s.")
    expect(picture(page)).to_have_attribute("src", f"/api/analyses/{analysis}/image")
    expect(pending).to_have_count(0)
    fake = tmp_path / "fake.png"
    fake.write_text("this is not an image")
    for chosen in (scene, fake):
        page.set_input_files("input[type=file]", chosen)
        expect(pending).to_be_visible()
    page.get_by_role("button", name="Analyse").click()
    expect(page.locator("form [role=alert]")).to_contain_text(re.compile("image", re.I))
    expect(pending).to_be_visible()
    expect(picture(page)).to_have_attribute("src", f"/api/analyses/{analysis}/image")
    ready = page.locator("button.tile:not([title*='not run yet'])").filter(
        has=page.locator("img[width='64']")
    )
    ready.first.click()
    expect(pending).to_have_count(0)
    expect(page).not_to_have_url(re.compile(analysis))
    expect(picture(page)).to_have_attribute(
        "src", re.sub(r".*/a/(\w+).*", r"/api/analyses/\1/image", page.url)
    )


def test_the_same_file_asked_twice_is_one_record(
    watched: Watched, scene: Path, tmp_path: Path
) -> None:
    file = tmp_path / "scene.jpg"
    Image.open(scene).convert("RGB").save(file, "JPEG")
    page = watched.page()
    open_board(page, "/")
    page.set_input_files("input[type=file]", file)
    page.get_by_label("Prompt", exact=True).fill("What is the color of the ball?")
    analyse = page.get_by_role("button", name="Analyse")
    analyse.click()
    page.wait_for_url(re.compile(r"/a/\w+"))
    first = re.sub(r".*/a/(\w+).*", r"\1", page.url)
    expect(picture(page)).to_have_attribute("src", f"/api/analyses/{first}/image", timeout=RUN_MS)
    expect(board(page)).to_be_visible(timeout=RUN_MS)
    for reload in (False, True):  # then the page has the server's picture alone
        if reload:
            open_board(page, page.url)
        with page.expect_response("**/api/analyses") as again:
            analyse.click()
        assert again.value.json()["id"] == first


def test_two_tabs_share_one_history(watched: Watched, server: Server, analysis: str) -> None:
    one = watched.page()
    open_board(one, f"/a/{analysis}")
    other = one.context.new_page()
    open_board(other, f"/a/{analysis}")
    for tab, prompt in ((one, "What is in the middle?"), (other, "Is there a dog in the image?")):
        tab.get_by_label("Prompt", exact=True).fill(prompt)
        tab.get_by_role("button", name="Analyse").click()
        tab.wait_for_url(lambda url: analysis not in url)
    for tab in (one, other):
        entries = tab.get_by_role("region", name="Your analyses").get_by_role("link")
        expect(entries).to_have_text([re.compile("dog"), re.compile("middle")])


@pytest.mark.parametrize("lens", ["normed", "raw", "difference"])
def test_every_view_agrees_with_the_lens(
    watched: Watched, server: Server, analysis: str, lens: str
) -> None:
    token, depth = 6, 9
    page = watched.page()
    open_board(page, f"/a/{analysis}?token={token}&depth={depth}&lens={lens}")
    document = http.get(f"{server.url}/api/analyses/{analysis}?lens={lens}").json()
    numbers = http.get(f"{server.url}/api/analyses/{analysis}/arrays/probability?lens={lens}")
    probability = np.load(io.BytesIO(numbers.content))
    told = document["tokens"]
    for kind, has in (
        ("reversal", lambda one: one["reversal"]),
        ("mutation", lambda one: one["class"] == "mutation"),
        ("flagged", lambda one: one["flag"] and one["flag"]["flagged"]),
    ):
        expect(page.locator(f".chips .{kind}:not(.text)")).to_have_count(
            sum(map(bool, map(has, told)))
        )
    expect(page.get_by_role("region", name="Selected token")).to_contain_text(told[token]["story"])
    curve = page.locator("[aria-label^='Probability of the words']")
    expect(curve.locator("[data-line]").first).to_be_attached()
    # The emitted token's line is the last, on top of the others.
    line = curve.locator("[data-line] path").last.get_attribute("d") or ""
    ticks = [curve.locator(f".tick:text-matches('^[+]?{at}$')").last for at in ("0.0", "1.0")]
    zero, whole = (float(tick.get_attribute("y") or "nan") for tick in ticks)
    drawn = [(zero - float(y)) / (zero - whole) for y in re.findall(r",([\d.]+)", line)]
    assert drawn == pytest.approx(probability[:, token].tolist(), abs=1e-3)
    critical = document["stages"]["critical_depth"]
    said = f"stabilisation from depth {critical}" if critical is not None else "no stages found"
    expect(page.locator(".board + footer")).to_contain_text(said)


def test_a_link_to_a_patch_opens_at_the_patches(watched: Watched, analysis: str) -> None:
    page = watched.page()
    page.goto(f"/a/{analysis}?patch_word=dog&patch=9")
    view = page.get_by_role("region", name="Image patches")
    expect(view.get_by_role("heading", name="Words of patch 9")).to_be_in_viewport()
