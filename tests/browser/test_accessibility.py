"""axe finds nothing on any kind of page, in both themes and at both widths."""

import os
import re
from contextlib import suppress

import httpx
import pytest
from playwright.sync_api import Page, TimeoutError, expect

from tests.browser.harness import (
    PATIENCE_MS,
    ROOT,
    RUN_MS,
    Watched,
    ask,
    board,
    draw_scene,
    follow,
)
from tests.support import http
from tests.support.servers import Server, wait_for

pytestmark = pytest.mark.browser

# Both themes and both widths; all four pairs with FRETBOARD_AXE=all.
CORNERS = [(1440, "light"), (390, "dark"), (1440, "dark"), (390, "light")]
CORNERS = CORNERS if os.environ.get("FRETBOARD_AXE") == "all" else CORNERS[:2]
AXE = ROOT / "frontend/node_modules/axe-core/axe.min.js"
RUN = """async () => {
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    const told = ({ nodes }) => nodes.slice(0, 8).map((n) => `${n.html.slice(0, 160)} ${n.failureSummary}`);
    return violations.map((one) => [one.id, one.nodes.length, ...told(one)].join(" | "));
}"""  # noqa: E501


def faults(page: Page) -> list[str]:
    """What axe reports, once nothing is on its way."""
    with suppress(TimeoutError):  # of a busy machine: what counts is the page's own word below
        page.wait_for_load_state("networkidle", timeout=PATIENCE_MS / 2)
    expect(page.locator("[aria-busy='true']")).to_have_count(0, timeout=RUN_MS)  # a set's map
    page.evaluate(AXE.read_text())
    return page.evaluate(RUN)


@pytest.fixture(scope="module")
def other(server: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An analysis of another scene."""
    scene = draw_scene(tmp_path_factory.mktemp("other") / "scene.png", seed=4243)
    found = ask(server, scene, continuation="On the right there is a red dog.")
    follow(server, found)
    return found


@pytest.fixture(scope="module")
def addresses(server: Server, analysis: str, other: str) -> dict[str, str]:
    """Of one page of each kind."""
    api = httpx.Client(base_url=server.url, timeout=60)
    fields = {"analysis": [analysis, other], "token": "index:3", "prompt": "x"}
    image_set = api.post("/api/trajectories", data=fields | {"token": "3"}).json()["id"]
    test = api.post("/api/experiments", data={"analysis": analysis, "kind": "knockout"}).json()[
        "id"
    ]
    wait_for(lambda: api.get(f"/api/experiments/{test}").json()["status"] == "done", seconds=180)
    return {
        "start": "/",
        "analysis": f"/a/{analysis}?token=6&depth=9&range=2-4&words=red",
        "compare": f"/compare/{analysis}/{other}",
        "set": f"/t/{image_set}",
        "tests": f"/a/{analysis}?test={test}",
        "definitions": "/definitions",
        "nowhere": "/nowhere",
        "unknown": f"/a/{'0' * 32}",
    }


@pytest.mark.parametrize(("width", "theme"), CORNERS)
def test_axe_reports_nothing(
    watched: Watched, addresses: dict[str, str], width: int, theme: str
) -> None:
    watched.provokes(404)
    page = watched.page(width, 900, theme)
    found = []
    for name, address in addresses.items():
        page.goto(address)
        expect(page.locator("main")).to_be_visible()
        if name in ("start", "analysis"):
            expect(board(page)).to_be_visible()
        found += [f"{name}: {fault}" for fault in faults(page)]
    assert not found, "\n".join(found)


def test_an_unknown_address_is_said_by_the_page(watched: Watched, server: Server) -> None:
    watched.provokes(404)
    page = watched.page()
    response = page.goto("/nowhere/at/all")
    assert response is not None
    assert response.status == 404
    expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing at this address")
    assert http.get(f"{server.url}/nowhere").headers["content-type"] == "application/problem+json"


def test_keys_are_told_on_a_question_mark(watched: Watched, analysis: str) -> None:
    page = watched.page()
    page.goto(f"/a/{analysis}?token=3&depth=5")
    expect(board(page)).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page).to_have_url(re.compile("token=3&depth=5"))
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Find")).to_be_focused()


def go_on(page: Page, place: str) -> None:
    """To the next step; a key is not heard while the one before still moves."""
    gone = "place => !document.querySelector('.driver-popover')?.textContent.includes(place)"
    for _ in range(10):
        page.keyboard.press("ArrowRight")
        with suppress(TimeoutError):
            page.wait_for_function(gone, arg=place, timeout=2000)
            return


def test_the_tour_is_offered_once(watched: Watched) -> None:
    page = watched.page()
    page.goto("/")
    page.get_by_role("button", name="Take the tour, five steps").click()
    note = page.get_by_role("dialog")
    for step in range(1, 6):
        expect(note).to_contain_text(f"{step} of 5")
        go_on(page, f"{step} of 5")
    expect(note).to_have_count(0)
    page.reload()
    expect(board(page)).to_be_visible()
    expect(page.get_by_role("button", name="Take the tour, five steps")).to_have_count(0)
