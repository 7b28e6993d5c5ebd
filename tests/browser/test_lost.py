"""What the page says of a run that waits or is cancelled, a lost part, a record that is gone."""

import json
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from tests.browser.harness import RUN_MS, Watched, ask, board, follow, open_board
from tests.support.servers import Server, wait_for

pytestmark = pytest.mark.browser

WAITING = {
    "status": "queued", "message": "Waiting for its turn.", "max_new_tokens": 64,
    "position": 3, "expected_seconds": 41.0,
}  # fmt: skip


def finished(server: Server, scene: Path, text: str) -> str:
    found = ask(server, scene, continuation=text)
    follow(server, found)
    return found


def test_lost_parts_are_told_and_come_back(watched: Watched, server: Server, scene: Path) -> None:
    found = finished(server, scene, "On the left there is a red ball.")
    record = server.folder / "analyses" / found
    (record / "hidden_states.safetensors").unlink()
    watched.provokes(409, 410)  # figures of the lost part, then of a record that runs again
    page = watched.page()
    page.goto(f"/a/{found}")
    expect(page.get_by_text("has lost the hidden states of this analysis")).to_be_visible()
    page.get_by_role("button", name="Run again").click()
    wait_for((record / "hidden_states.safetensors").is_file)
    expect(page.get_by_text("has lost the")).to_have_count(0)
    expect(board(page)).to_be_visible(timeout=RUN_MS)


def test_a_record_that_is_gone_gives_its_question_back(
    watched: Watched, server: Server, scene: Path
) -> None:
    found = finished(server, scene, "On the left there is a blue cube.")
    watched.provokes(404)
    page = watched.page()
    open_board(page, f"/a/{found}")
    past = [{"id": found, "prompt": "Which ball?", "answer": "", "image": True, "at": 1}]
    page.evaluate("past => localStorage.setItem('fretboard.history', past)", json.dumps(past))
    delete = urllib.request.Request(f"{server.url}/api/analyses/{found}", method="DELETE")
    urllib.request.urlopen(delete)
    page.reload()
    expect(page.get_by_text("The record of this analysis is gone")).to_be_visible()
    page.get_by_role("button", name="Take up the question").click()
    expect(page.get_by_role("textbox", name="Prompt")).to_have_value("Which ball?")


def test_a_run_that_waits_says_where_it_stands(watched: Watched, analysis: str) -> None:
    page = watched.page()

    def queued(route: Route) -> None:
        document = route.fetch().json() | {"status": "queued", "tokens": []}
        route.fulfill(json=document)

    def told(route: Route) -> None:
        body = f"event: status\ndata: {json.dumps(WAITING)}\n\n"
        route.fulfill(content_type="text/event-stream", body=body)

    page.route("**/events", told)
    page.route(f"**/api/analyses/{analysis}?*", queued)
    page.route(f"**/api/analyses/{analysis}", queued)
    page.goto(f"/a/{analysis}")
    expect(page.get_by_text("Number 3 in line, about 45 seconds")).to_be_visible()


def test_a_run_can_be_cancelled(watched: Watched, scene: Path) -> None:
    page = watched.page()
    page.goto("/")
    page.set_input_files("input[type=file]", scene)
    page.get_by_text("Options").click()
    page.get_by_label("Continuation", exact=False).last.fill("The ball is red. " * 150)
    page.get_by_role("button", name="Analyse").click()
    expect(page.get_by_text("Writing the answer")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelled", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Run again")).to_be_visible()
    written = page.locator("p.written")
    expect(written).to_contain_text("The")
    before = written.inner_text()
    page.reload()
    expect(page.get_by_text("Cancelled", exact=True)).to_be_visible()
    expect(written).to_have_text(before)
