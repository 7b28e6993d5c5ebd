"""Charts and records leave the page: each entry of a chart's menu gives a real file or text."""

import io
import json
import threading
import xml.etree.ElementTree as ElementTree
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.harness import AT_LENGTH, chip, go_down, open_board
from tests.support import http

pytestmark = [pytest.mark.browser, AT_LENGTH]

TARGET = 24  # CSS pixels, WCAG 2.5.8


@pytest.fixture
def opened(watched, analysis) -> Page:
    page = watched.page()
    open_board(page, f"/a/{analysis}?token=3&depth=4&lens=raw&words=red")
    expect(page.locator("[data-chart='competition'] .ground svg")).to_be_visible()
    return page


def menu(page: Page, chart: str):
    page.get_by_role("button", name=f"Take away: {chart}").click()
    return page.get_by_role("group", name=f"Take away: {chart}")


def saved(page: Page, chart: str, entry: str) -> bytes:
    panel = menu(page, chart)
    with page.expect_download() as download:
        panel.get_by_text(entry, exact=True).click()
    page.keyboard.press("Escape")
    return download.value.path().read_bytes()


def copied(page: Page, chart: str, entry: str) -> str:
    panel = menu(page, chart)
    panel.get_by_role("button", name=entry, exact=True).click()
    expect(panel.get_by_role("status")).to_contain_text("copied")
    page.keyboard.press("Escape")
    return page.evaluate("navigator.clipboard.readText()")


def figure(server, analysis: str, name: str, **values: str) -> dict:
    answer = http.get(f"{server.url}/api/analyses/{analysis}/figures/{name}", params=values)
    return answer.json()


def array(server, analysis: str, name: str, **values: str) -> np.ndarray:
    answer = http.get(f"{server.url}/api/analyses/{analysis}/arrays/{name}", params=values)
    return np.load(io.BytesIO(answer.content))


@pytest.mark.parametrize("chart", ["competition", "divergence"])
def test_pictures_are_pictures_on_white_with_vector_text(opened, chart):
    picture = Image.open(io.BytesIO(saved(opened, chart, "PNG")))
    assert picture.size == (3 * 820, 3 * 460)
    assert picture.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
    assert len(picture.convert("RGB").getcolors(1 << 20)) > 20  # something is drawn
    drawing = ElementTree.fromstring(saved(opened, chart, "SVG for paper"))
    assert (drawing.get("width"), drawing.get("height")) == ("820", "460")
    texts = ["".join(text.itertext()) for text in drawing.iter("{http://www.w3.org/2000/svg}text")]
    assert "depth (layers applied)" in texts
    assert not list(drawing.iter("{http://www.w3.org/2000/svg}foreignObject"))


def test_a_dark_page_gives_light_pictures(watched, analysis):
    page = watched.page(theme="dark")
    open_board(page, f"/a/{analysis}?token=3")
    picture = Image.open(io.BytesIO(saved(page, "fretboard", "PNG"))).convert("RGB")
    assert picture.getpixel((0, 0)) == (255, 255, 255)


def test_the_numbers_are_those_of_the_chart(opened, server, analysis):
    table = pd.read_csv(io.BytesIO(saved(opened, "competition", "Numbers (.csv)")))
    x, y = table.columns[1:]
    spec = figure(server, analysis, "competition", token="3", word="red", lens="raw")
    assert set(table["series"]) == {trace["name"] for trace in spec["data"]}
    emitted = next(t["name"] for t in spec["data"] if t["meta"]["role"] == "emitted")
    curve = table[table["series"] == emitted]
    assert curve[x].tolist() == list(range(len(curve)))
    stored = array(server, analysis, "probability", lens="raw")[:, 3]
    np.testing.assert_allclose(curve[y], stored, rtol=1e-6)


def test_the_numbers_of_the_board_are_every_cell(opened, server, analysis):
    table = pd.read_csv(io.BytesIO(saved(opened, "fretboard", "Numbers (.csv)")))
    stored = array(server, analysis, "top_probabilities", lens="raw")[..., 0]
    cells = table.pivot(index="depth (layers applied)", columns="emitted token")
    np.testing.assert_allclose(cells[table.columns[3]].to_numpy(), stored, rtol=1e-6)


def test_the_figure_draws_again_in_plotly(opened):
    import plotly.graph_objects as go

    spec = json.loads(saved(opened, "divergence", "Plotly (.json)"))
    assert len(go.Figure(spec).data) == 2


def test_a_picture_is_copied(opened):
    panel = menu(opened, "competition")
    panel.get_by_role("button", name="Copy as picture").click()
    expect(panel.get_by_role("status")).to_have_text("Picture copied")
    kinds = opened.evaluate("navigator.clipboard.read().then(items => items[0].types)")
    assert kinds == ["image/png"]


def test_the_python_draws_the_chart(opened, server, analysis):
    code = copied(opened, "competition", "Copy Python")
    *lines, call = code.strip().splitlines()
    names: dict = {}
    exec("\n".join(lines), names)
    drawn = eval(call, names)
    spec = figure(server, analysis, "competition", token="3", word="red", lens="raw")
    assert [trace.name for trace in drawn.data] == [trace["name"] for trace in spec["data"]]
    assert drawn.layout.meta["lens"] == "raw"


def test_a_chart_has_a_link_of_its_own(opened, watched):
    link = copied(opened, "divergence", "Copy link to this chart")
    other = watched.page(height=500)
    other.goto(link)
    expect(other.locator("[data-chart='divergence']")).to_be_in_viewport(ratio=0.9)
    expect(chip(other, 3)).to_have_attribute("aria-pressed", "true")


def test_a_chart_fills_the_screen(opened):
    panel = menu(opened, "competition")
    panel.get_by_role("button", name="Full screen").click()
    plot = opened.locator("[data-chart='competition'] .ground svg")
    opened.wait_for_function("document.fullscreenElement !== null")
    opened.wait_for_function(
        "document.querySelector('[data-chart=competition] .ground').clientHeight >= innerHeight"
    )
    opened.evaluate("document.exitFullscreen()")
    expect(plot).to_have_attribute("height", "320")


@pytest.mark.parametrize("width", [1440, 390])
def test_the_menu_is_for_keys_and_fingers(watched, analysis, width):
    page = watched.page(width=width)
    open_board(page, f"/a/{analysis}?token=3")
    button = page.get_by_role("button", name="Take away: competition")
    button.focus()
    page.keyboard.press("Enter")
    panel = page.get_by_role("group", name="Take away: competition")
    entries = panel.get_by_role("listitem").locator("> *")
    expect(entries).to_have_count(9)
    page.keyboard.press("Tab")
    expect(entries.first).to_be_focused()
    for entry in [button, *entries.all()]:
        box = entry.bounding_box()
        assert min(box["width"], box["height"]) >= TARGET
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(button).to_be_focused()


def test_wide_views_have_the_menu_too(opened):
    go_down(opened, "Image patches")
    picture = Image.open(io.BytesIO(saved(opened, "patches", "PNG")))
    assert picture.width == 3 * 620
    go_down(opened, "Trajectory")
    expect(opened.locator("[data-chart='trajectory'] .js-plotly-plot")).to_be_visible()
    table = pd.read_csv(io.BytesIO(saved(opened, "trajectory", "Numbers (.csv)")))
    assert {"depth", "text"} <= set(table.columns)
    assert table["depth"].min() == 1


@pytest.fixture
def site(tmp_path) -> Iterator[tuple[Path, int]]:
    """(the folder, the port) of another site."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield tmp_path, served.server_port
        served.shutdown()


def test_a_chart_stands_alone_in_a_frame_of_an_allowed_site(opened, browser, site):
    folder, port = site
    frame = copied(opened, "competition", "Copy frame (HTML)")
    (folder / "post.html").write_text(frame.replace("theme=light", "theme=dark"))
    page = browser.new_page()
    page.goto(f"http://localhost:{port}/post.html")
    chart = page.frame_locator("iframe")
    plot = chart.locator("[data-chart='competition'] .ground svg")
    expect(plot).to_have_attribute("width", "720")
    expect(plot).to_have_attribute("height", "420")
    expect(chart.get_by_role("button")).to_have_count(0)
    assert chart.locator("html").get_attribute("data-theme") == "dark"
    page.goto(f"http://127.0.0.1:{port}/post.html")
    page.wait_for_load_state("networkidle")
    expect(page.frame_locator("iframe").locator("[data-chart]")).to_have_count(0)
    page.close()


@pytest.mark.parametrize(
    ("entry", "holds"),
    [
        ("Archive (.zip)", lambda data: zipfile.ZipFile(io.BytesIO(data)).testzip() is None),
        ("Page (.html)", lambda data: b"Plotly" in data),
        ("Notebook (.ipynb)", lambda data: nbformat.reads(data.decode(), 4).cells[1].source),
        ("To cite (.bib)", lambda data: data.count(b"\n@") == 1),
    ],
)
def test_an_analysis_is_taken_away_whole(opened, entry, holds):
    opened.get_by_role("button", name="Download or delete").click()
    with opened.expect_download() as download:
        opened.get_by_role("link", name=entry).click()
    name = download.value.suggested_filename
    assert name.startswith("fretboard-analysis-")
    assert entry.endswith(f"{name[name.rindex('.') :]})")
    assert holds(download.value.path().read_bytes())
