"""The saved page in a browser without a network: chips, hover, selection."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect, sync_playwright

import fretboard as fb
from fretboard.figures import QUANTITIES
from tests.browser.harness import PATIENCE_MS, chromium_arguments
from tests.face.conftest import QUESTION

pytestmark = pytest.mark.browser
NAMES = "place => document.getElementById(`chart-${place}`)._fullData.map((line) => line.name)"
TITLE_AND_SHAPES = """place => {
    const { layout } = document.getElementById(`chart-${place}`);
    return [layout.yaxis.title.text, (layout.shapes ?? []).map((shape) => shape.x1)];
}"""


@pytest.fixture(scope="module")
def offline() -> Iterator[Page]:
    """A page of a browser that reaches nothing; what it logs as an error fails the test."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**chromium_arguments())
        context = browser.new_context(offline=True)
        page, wrong = context.new_page(), []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda sent: sent.url.startswith("http") and wrong.append(sent.url))
        page.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        yield page
        assert wrong == []
        browser.close()


@pytest.fixture(scope="module")
def saved(offline, analysis, tmp_path_factory) -> Page:
    path = analysis.to_html(tmp_path_factory.mktemp("page") / "a.html")
    offline.goto(path.as_uri())
    return offline


def shown(page: Page) -> list[list[float]]:
    return page.evaluate("document.getElementById('chart-1')._fullData.map(d => [...d.y])")


def test_a_chip_chooses_its_token(saved, analysis):
    chips = saved.locator(".chips button")
    expect(chips).to_have_count(len(analysis.tokens))
    chips.nth(3).click()
    expect(chips.nth(3)).to_have_attribute("aria-pressed", "true")
    expect(saved.locator(".note")).to_contain_text("token 3")
    emitted = next(line for line in analysis.competition(3).data if line.meta["role"] == "emitted")
    assert any(line == pytest.approx(list(emitted.y)) for line in shown(saved))
    divergence = saved.evaluate("document.getElementById('chart-2')._fullData[1].y.length")
    assert divergence == analysis.document.model.layers


def test_every_chart_is_whole(saved, analysis):
    """Of all figures but the first the file has what differs alone."""
    for token in (0, 4):
        saved.locator(".chips button").nth(token).click()
        for place, drawn in ((1, analysis.competition(token)), (2, analysis.divergence(token))):
            wanted = json.loads(drawn.to_json())
            title, shapes = saved.evaluate(TITLE_AND_SHAPES, place)
            assert title == wanted["layout"]["yaxis"]["title"]["text"]
            assert shapes == [shape["x1"] for shape in wanted["layout"]["shapes"]]
            names = saved.evaluate(NAMES, place)
            assert names == [line["name"] for line in wanted["data"]]


def test_a_press_on_the_fretboard_chooses_its_column_and_arrows_go_on(saved):
    chips = saved.locator(".chips button")
    chips.nth(0).click()
    drag = saved.locator("#chart-0 .nsewdrag").first
    box = drag.bounding_box()
    drag.hover(position={"x": box["width"] * 2.5 / 6, "y": box["height"] / 2})
    expect(saved.locator("#chart-0 .hovertext")).to_contain_text("token 2")
    drag.click(position={"x": box["width"] * 2.5 / 6, "y": box["height"] / 2})
    expect(chips.nth(2)).to_have_attribute("aria-pressed", "true")
    saved.keyboard.press("ArrowRight")
    expect(chips.nth(3)).to_have_attribute("aria-pressed", "true")


def test_the_fretboard_shows_another_quantity(saved, analysis):
    saved.locator("#choice-0").select_option(QUANTITIES["jsd"].title)
    rows = saved.evaluate("document.getElementById('chart-0')._fullData[0].z.length")
    assert rows == analysis.document.model.layers


def test_a_cell_of_a_notebook_draws_itself(offline, analysis, monkeypatch):
    monkeypatch.setattr("fretboard.face.cell._shown", iter([0]))
    offline.set_content(f"<!doctype html><body>{analysis._repr_html_()}</body>")
    expect(offline.locator(".js-plotly-plot .heatmaplayer image")).to_have_count(1)
    expect(offline.locator("table")).to_have_count(0)


def opened(page: Page, path) -> Page:
    page.goto(path.as_uri())
    return page


def test_a_comparison_has_both_sides_and_their_profiles(offline, analysis, changed, tmp_path):
    page = opened(offline, fb.compare(analysis, changed).export(tmp_path / "c.html"))
    expect(page.locator(".side")).to_have_count(2)
    expect(page.locator(".js-plotly-plot")).to_have_count(7)
    page.locator(".side").nth(1).locator("button").nth(1).click()
    expect(page.locator(".side").nth(1).locator(".note")).to_contain_text("token 1")


def test_an_image_of_a_set_makes_its_path_stand_out(offline, model, tmp_path):
    images = model.image_set(["1.png", "2.png", "3.png"], QUESTION, token="class:colour")
    page = opened(offline, images.export(tmp_path / "s.html"))
    page.locator(".chips button").nth(1).click()
    widths = "document.getElementById('chart-0')._fullData.slice(0, 3).map(d => d.line.width)"
    page.wait_for_function(f"String({widths}) === '1,3,1'")
    expect(page.locator(".chips img")).to_have_count(3)


def test_a_test_says_what_it_found_at_a_token(offline, model, analysis, tmp_path):
    tested = model.test(analysis, "knockout")
    page = opened(offline, tested.export(tmp_path / "t.html"))
    expect(page.locator(".note")).to_have_text(tested.finding.sentence)
    page.locator(".chips button").nth(4).click()
    expect(page.locator(".note")).to_have_text(tested.find(3).sentence)
    drawn = page.evaluate("[...document.getElementById('chart-0')._fullData[0].y]")
    assert drawn == pytest.approx(tested.arrays["effect"][:, 3].tolist())
