"""Causal tests in the page: asked, followed, read for a token, opened again by link, deleted."""

import json
import re
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

import fretboard as fb
from tests.browser.harness import AT_LENGTH, RUN_MS, Watched, ask, follow, go_down, open_board
from tests.support.servers import Server

pytestmark = pytest.mark.browser


def section(page: Page) -> Locator:
    return page.get_by_role("region", name="Causal tests")


def chart(page: Page, name: str) -> Locator:
    return section(page).get_by_role("img", name=name)


def read(server: Server, path: str) -> dict:
    return json.loads(urllib.request.urlopen(f"{server.url}/api/experiments/{path}").read())


def sentence(page: Page) -> Locator:
    return section(page).locator(".finding")


def test_a_test_is_run_read_linked_and_deleted(
    watched: Watched, server: Server, analysis: str
) -> None:
    watched.provokes(404)
    page = watched.page()
    open_board(page, f"/a/{analysis}?token=3")
    form = go_down(page, "Causal tests")
    form.get_by_role("radio", name="Image cut").check()
    form.get_by_role("button", name="Run the test").click()
    curve = chart(page, "From a depth on, the text does not see the image, mean of all tokens")
    expect(curve.locator("[data-line] circle").first).to_be_attached(timeout=RUN_MS)
    found = re.search(r"test=(\w+)", page.url)
    assert found
    test = found[1]
    expect(sentence(page)).to_have_text(read(server, f"{test}/finding")["sentence"])
    of_token = form.get_by_role("radio", name=re.compile("^Selected token"))
    of_token.focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowRight")
    page.wait_for_url(re.compile("test_of=token"))
    expect(sentence(page)).to_have_text(read(server, f"{test}/finding?token=3")["sentence"])

    shared = watched.page(width=390, theme="dark")
    shared.goto(page.url)
    expect(sentence(shared)).to_have_text(read(server, f"{test}/finding?token=3")["sentence"])
    expect(section(shared).locator("[data-line]")).to_have_count(2)
    expect(shared.get_by_role("heading", name="Causal tests")).to_be_in_viewport()
    assert shared.evaluate("document.documentElement.scrollWidth") == 390

    form.get_by_role("button", name="Take this test away").click()
    with page.expect_download() as download:
        form.get_by_role("link", name="Archive (.zip)").click()
    assert fb.CausalTest.open(download.value.path()).document.id in test
    page.keyboard.press("Escape")
    form.get_by_role("button", name="Delete this test").click()
    expect(form.get_by_text("Choose a test and run it")).to_be_visible()
    shared.reload()
    expect(section(shared).get_by_text("There is no such test")).to_be_visible()


@AT_LENGTH
def test_patching_is_followed_cancelled_and_run_again(
    watched: Watched, server: Server, scene: Path
) -> None:
    words = " ".join(["On the left there are two black balls."] * 12)  # long enough to be stopped
    found = ask(server, scene, continuation=words)
    follow(server, found)
    page = watched.page()
    open_board(page, f"/a/{found}")
    form = go_down(page, "Causal tests")
    form.get_by_role("radio", name="Patching").check()
    form.get_by_role("button", name="Run the test").click()
    expect(form.get_by_role("progressbar")).to_be_visible()
    expect(form.get_by_role("status").filter(has_text=re.compile("token|Run"))).to_be_visible()
    form.get_by_role("button", name="Cancel").click()
    expect(form.get_by_role("alert")).to_contain_text("Cancelled", timeout=RUN_MS)
    expect(form.get_by_role("button", name=re.compile("did not finish"))).to_be_visible()
    form.get_by_role("button", name="Run the test").click()
    heat = chart(page, "States of the run with the image put into a run without it, mean of all")
    expect(heat.locator(".heatmaplayer image")).to_be_attached(timeout=RUN_MS)
    expect(form.get_by_role("button", name="Patching, against a grey image")).to_have_attribute(
        "aria-current", "true"
    )


def test_an_answer_without_an_image_says_what_can_be_tested(
    watched: Watched, server: Server
) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nHello\r\n--x--\r\n'
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    request = urllib.request.Request(f"{server.url}/api/analyses", data=body, headers=kind)
    found = json.load(urllib.request.urlopen(request))["id"]
    follow(server, found)
    page = watched.page()
    open_board(page, f"/a/{found}")
    form = go_down(page, "Causal tests")
    expect(form.get_by_role("radio", name="Image cut")).to_be_disabled()
    expect(form.get_by_role("radio", name="Layer knockout")).to_be_checked()
    expect(form.get_by_text("without an image").first).to_be_visible()
