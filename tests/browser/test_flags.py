"""A flagged word: marked in the answer, with the sentence that says why; the threshold decides."""

import json
import re
import urllib.request

import pytest
from playwright.sync_api import expect

from fretboard.store.examples import EXAMPLES
from tests.browser.harness import Watched, open_board
from tests.support.servers import Server

pytestmark = pytest.mark.browser


@pytest.fixture
def example(server: Server) -> str:
    """A shipped example with a flagged word."""
    for folder in sorted((EXAMPLES / "analyses").iterdir()):
        document = json.load(urllib.request.urlopen(f"{server.url}/api/analyses/{folder.name}"))
        if any(token["flag"] and token["flag"]["flagged"] for token in document["tokens"]):
            return folder.name
    raise AssertionError("no shipped example has a flagged word")


def test_a_flagged_word_says_why(watched: Watched, example: str) -> None:
    page = watched.page()
    open_board(page, f"/a/{example}")
    marked = page.locator(".answer .flagged")
    legend = page.get_by_role("group", name="Flagged words")
    expect(legend.get_by_role("button", name=re.compile(" of 1$"))).to_have_count(marked.count())
    expect(page.locator(".board .flagged")).to_have_count(marked.count())
    word = marked.first
    sentence = re.compile(r"“\w+” led (from depth \d+ to \d+|at depth \d+); “\w+” took over at \d+")
    expect(word).to_have_attribute("title", sentence)
    word.click()
    selected = page.get_by_role("region", name="Selected token")
    expect(selected).to_contain_text(sentence)
    expect(selected).to_contain_text("evidence for a hallucination, not proof")
    expect(selected).to_contain_text(re.compile(r"[01]\.\d\d of 1, flagged"))
    open_board(page, f"/a/{example}?flag_score=1")
    expect(page.locator(".answer .text")).to_be_visible()
    expect(page.locator(".answer .flagged")).to_have_count(0)
    expect(page.locator(".board .flagged")).to_have_count(0)
