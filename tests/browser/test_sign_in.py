"""A server with tokens: the page asks for one, signs in, asks privately and signs out."""

import pytest
from playwright.sync_api import expect

from tests.browser.harness import READY_SECONDS, RUN_MS, Watched
from tests.support.servers import Server

pytestmark = pytest.mark.browser
WRITE, READ = "a-write-token-of-the-test", "a-read-token-of-the-test"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """Not ready to a stranger: what it serves is asked for with a token."""
    folder = tmp_path_factory.mktemp("guarded") / "store"
    tokens = {"FRETBOARD_WRITE_TOKENS": WRITE, "FRETBOARD_READ_TOKENS": READ}
    with Server(folder, **tokens) as server:
        server.wait("/readyz", READY_SECONDS)
        yield server


def test_signing_in_to_read_and_then_to_write(browser, guarded):
    watched = Watched(browser, guarded)
    watched.provokes(401, 403)
    page = watched.page()
    page.goto("/")
    dialog = page.get_by_role("dialog", name="Sign in")
    expect(dialog).to_contain_text("a read or write token")
    dialog.get_by_label("Access token").fill("not-a-token")
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog.get_by_role("alert")).to_contain_text("not one of the server")
    sign_in(dialog, READ)
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    expect(page.get_by_role("listitem").first).to_be_visible()  # examples and answer can be read

    page.get_by_label("Private").check()
    page.get_by_label("Prompt", exact=True).fill("What is in this image?")
    page.get_by_role("button", name="Analyse").click()
    expect(dialog).to_contain_text("write token")
    sign_in(dialog, WRITE)
    page.wait_for_url("**/a/*", timeout=RUN_MS)
    first = page.url
    salted = page.evaluate(
        "(id) => fetch(`/api/analyses/${id}`).then((r) => r.json())", first[-32:]
    )
    assert salted["request"]["salt"]
    expect(page.get_by_label("Private")).to_be_checked()

    page.get_by_role("button", name="Sign out").click()
    expect(dialog).to_be_visible()
    watched.close()


def sign_in(dialog, token):
    dialog.get_by_label("Access token").fill(token)
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog).to_be_hidden()
