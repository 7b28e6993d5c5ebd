"""The same question of a second model, which this machine has: loaded, asked, side by side."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.harness import (
    AT_LENGTH,
    READY_SECONDS,
    RUN_MS,
    Watched,
    ask,
    board,
    follow,
    open_board,
)
from tests.support.hub import COMMIT
from tests.support.servers import Server
from tests.support.tiny_models import save_llava

pytestmark = [pytest.mark.browser, AT_LENGTH]

NAME, LAYERS = "lab/tiny-vlm", 4  # the bundled model has twelve


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Hugging Face cache with one model of random weights."""
    folder = tmp_path_factory.mktemp("cache")
    repository = folder / f"models--{NAME.replace('/', '--')}"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs/main").write_text(COMMIT)
    save_llava(repository / "snapshots" / COMMIT, LAYERS)
    return folder


def test_a_second_model_answers_the_same_question_beside_the_first(
    browser: Browser, tmp_path: Path, cache: Path, scene: Path
) -> None:
    # In an interpreter of its own: the hub's library settles its cache when it is imported.
    with Server(tmp_path / "data", fresh=True, HF_HUB_CACHE=str(cache)) as server:
        server.wait("/readyz", READY_SECONDS)
        first = ask(server, scene)
        follow(server, first)
        watcher = Watched(browser, server)
        page = watcher.page()
        open_board(page, f"/a/{first}?token=2&depth=6")
        page.get_by_role("button", name="Compare").click()
        menu = page.get_by_role("group", name="Compare")
        menu.get_by_label("of another model").select_option(NAME)
        menu.locator("form", has=page.get_by_label("of another model")).get_by_role(
            "button", name="Ask"
        ).click()
        page.wait_for_url(re.compile(rf"/compare/{first}/\w+"), timeout=RUN_MS)

        second = page.get_by_role("region", name="Side B")
        expect(board(second)).to_be_visible(timeout=RUN_MS)
        expect(second).to_contain_text(NAME)
        # Twelve layers and four share one axis, and each side keeps the depths it has.
        expect(page.get_by_text("relative depth").first).to_be_visible()
        depths = [
            page.get_by_role("region", name=f"Side {name}").locator("[aria-live].reading")
            for name in "AB"
        ]
        expect(depths[0]).to_contain_text("depth 6")
        expect(depths[1]).to_contain_text(f"depth {6 * LAYERS // 12}")

        page.reload()
        expect(board(second)).to_be_visible(timeout=RUN_MS)
        expect(second).to_contain_text(NAME)
        watcher.close()
