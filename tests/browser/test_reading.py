"""How the numbers are read: lens, divergence, scaling and stages, and their place in the link."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.harness import Watched, expect_same, open_board

pytestmark = pytest.mark.browser


def reading(page: Page) -> dict[str, object]:
    """What a reader can tell of how the numbers on show are read."""
    return {
        "lens": page.get_by_role("group", name="Lens", exact=True)
        .locator(":checked")
        .input_value(),
        "divergence": page.get_by_label("Divergence", exact=True).input_value(),
        "scaling": page.get_by_label("Scaling").input_value(),
        "stages": page.get_by_role("button", name="Stages: how").inner_text(),
        "bar": page.locator(".board + footer .title").inner_text(),
        "ticks": page.locator(".board + footer .tick").all_inner_texts(),
        "legend": page.locator(".board + footer li").all_inner_texts(),
    }


def threshold(page: Page, name: str) -> Locator:
    return page.get_by_role("spinbutton", name=re.compile(f"^{name}"))


def test_the_whole_reading_travels_with_the_link(watched: Watched, analysis: str) -> None:
    page = watched.page()
    open_board(page, f"/a/{analysis}?token=3&depth=5&q=jsd")
    lens = page.get_by_role("group", name="Lens", exact=True)
    lens.get_by_role("radio", name="Difference").check(force=True)
    page.get_by_label("Divergence", exact=True).select_option("symmetric-kl")
    page.get_by_label("Scaling").select_option("depth")
    expect(page.get_by_role("heading", name="Divergence: Symmetric KL")).to_be_visible()
    bar = page.locator(".board + footer .title")
    expect(bar).to_have_text("Symmetric KL (nats · raw − normed lens · scaled per depth)")
    expect(page.locator(".board + footer .tick")).to_have_text(["−1", "0", "+1"])

    page.get_by_role("button", name="Stages: how").click()
    threshold(page, "Critical depth").fill("4")
    threshold(page, "Critical depth").press("Enter")
    expect(page.locator(".board + footer")).to_contain_text("stabilisation from depth 4")
    page.keyboard.press("Escape")
    expect(page.get_by_role("group", name="Stages: how")).to_have_count(0)
    expect(page).to_have_url(re.compile("lens=difference&divergence=symmetric-kl&scale=depth"))
    expect(page).to_have_url(re.compile("critical_depth=4"))

    other = watched.page()
    open_board(other, page.url)
    expect(other.locator(".board + footer .title")).to_have_text(bar.inner_text())
    expect(other.locator(".board + footer")).to_contain_text("stabilisation from depth 4")
    expect_same(lambda: reading(other), lambda: reading(page))


def test_a_difference_is_signed_where_it_is_read(watched: Watched, analysis: str) -> None:
    page = watched.page()
    open_board(page, f"/a/{analysis}?token=3&depth=5&lens=difference")
    words = page.locator("section", has=page.get_by_role("heading", name="Words that differ"))
    expect(words.locator("td.number").first).to_have_text(re.compile(r"^[+−].*pts$"))
    expect(words).to_contain_text("raw − normed lens")
    expect(page.locator(".reading[aria-live]")).to_contain_text(re.compile(r"[+−][\d.]+ nats"))
    ticks = page.locator(".board + footer .tick")
    expect(ticks.nth(1)).to_have_text("0")
    low, high = ticks.first.inner_text(), ticks.last.inner_text()
    assert low.replace("−", "+") == high


def test_refused_thresholds_leave_the_stages_and_say_why(watched: Watched, analysis: str) -> None:
    watched.provokes(422)
    page = watched.page()
    open_board(page, f"/a/{analysis}?token=3")
    legend = page.locator(".board + footer li", has_text="stabilisation")
    before = legend.inner_text()
    page.get_by_role("button", name="Stages: how").click()
    threshold(page, "Interval").fill("3")
    threshold(page, "Interval").press("Enter")
    panel = page.get_by_role("group", name="Stages: how")
    expect(panel.get_by_role("alert")).to_contain_text("interval: input should be less than 1")
    expect(legend).to_have_text(before)
    expect(page.locator("canvas.heat").first).to_be_attached()
    panel.get_by_role("button", name="Reset").click()
    expect(panel.get_by_role("alert")).to_have_count(0)
    expect(page).not_to_have_url(re.compile("interval"))


def test_the_paper_preset_moves_the_stages(watched: Watched, analysis: str) -> None:
    page = watched.page()
    open_board(page, f"/a/{analysis}?token=3&stages=paper")
    expect(page.get_by_role("button", name="Stages: how")).to_contain_text("paper preset")
    # 18 of the paper's 32 layers, of this model's 12: round(6.75)
    expect(page.locator(".board + footer")).to_contain_text("stabilisation from depth 7")
    page.get_by_role("button", name="Stages: how").click()
    expect(threshold(page, "Interval")).to_be_disabled()
    page.get_by_role("radio", name="Automatic").check(force=True)
    expect(page).not_to_have_url(re.compile("stages"))
    expect(threshold(page, "Interval")).to_be_enabled()
