"""Nothing on the page misleads: every part speaks of one answer, and says what it does not know."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.harness import Watched, open_board

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
