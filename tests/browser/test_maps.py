"""Maps of hidden states: growth over depth, space, parameters, progress."""

import re

import pytest
from playwright.sync_api import Route, expect

from tests.browser.harness import AT_LENGTH, Watched, go_down, open_board
from tests.browser.map_pages import MAP_MS, drawing, expect_map, open_set, points, slider

pytestmark = pytest.mark.browser


@AT_LENGTH
def test_paths_grow_with_the_depth(watched: Watched) -> None:
    page = watched.page()
    open_set(page, "Flowers")
    expect(points(page)).to_have_count(12 * 12 + 12)  # twelve depths, and the rings of the body
    slider(page).fill("2")
    expect(points(page)).to_have_count(12 * 2)
    slider(page).press("ArrowRight")
    expect(points(page)).to_have_count(12 * 3)
    expect(page.locator("output")).to_have_text("1–3 of 12")
    page.get_by_role("button", name="Next depth").click()  # who asked for less motion steps
    expect(page.locator("output")).to_have_text("1–4 of 12")
    expect(page).to_have_url(re.compile("upto=4"))
    slider(page).press("End")
    expect(page).not_to_have_url(re.compile("upto"))
    page.emulate_media(reduced_motion="no-preference")
    page.reload()
    expect_map(page)
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    expect(page.locator("output")).to_have_text("1–12 of 12")
    expect(page.get_by_role("button", name="Play")).to_be_visible()


@AT_LENGTH
def test_space_is_drawn_or_refused_in_words(watched: Watched) -> None:
    page = watched.page()
    path = open_set(page, "Dogs")
    page.get_by_role("radio", name="3-D").check(force=True)
    page.wait_for_url(re.compile("dim=3"))
    if not page.evaluate("!!document.createElement('canvas').getContext('webgl')"):
        expect(page.get_by_text("This browser cannot draw in 3-D")).to_be_visible()
        expect_map(page)
        return
    canvas = drawing(page).locator(".gl-container canvas").first
    expect(canvas).to_be_visible(timeout=MAP_MS)
    expect(page.locator(".plot.stale")).to_have_count(0, timeout=MAP_MS)
    box = canvas.bounding_box()
    assert box is not None
    camera = "node => JSON.stringify(node._fullLayout.scene._scene.getCamera().eye)"
    plot = drawing(page).locator(".js-plotly-plot")
    before = plot.evaluate(camera)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 90, y + 20, steps=6)
    page.mouse.up()
    page.wait_for_function(
        f"([node, before]) => ({camera})(node) !== before",
        arg=[plot.element_handle(), before],
    )
    page.goto(f"{path}?dim=3&upto=3")
    expect(page.locator(".gl-container canvas").first).to_be_visible(timeout=MAP_MS)


def test_without_webgl_the_plane_is_kept(watched: Watched) -> None:
    page = watched.page()
    page.add_init_script(
        "const known = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, ...more) {"
        " return /webgl/.test(kind) ? null : known.call(this, kind, ...more); };"
    )
    path = open_set(page, "Dogs")
    page.goto(f"{path}?dim=3")
    expect(page.get_by_text("This browser cannot draw in 3-D")).to_be_visible()
    expect_map(page)


@AT_LENGTH
def test_parameters_that_are_refused_leave_the_map(watched: Watched, analysis: str) -> None:
    watched.provokes(422)
    page = watched.page()
    open_board(page, f"/a/{analysis}?token=3&depth=5")
    go_down(page, "Trajectory")
    expect_map(page)
    page.get_by_role("button", name="Parameters of the map").click()
    panel = page.get_by_role("group", name="Parameters of the map")
    expect(panel.get_by_label("Perplexity")).to_have_value("40")
    panel.get_by_label("Perplexity").fill("0.5")
    panel.get_by_label("Perplexity").press("Enter")
    expect(panel.get_by_role("alert")).to_contain_text(
        "perplexity: input should be greater than or equal to 1"
    )
    expect(points(page).first).to_be_visible()
    panel.get_by_label("Perplexity").fill("6")
    panel.get_by_label("Perplexity").press("Enter")
    expect(panel.get_by_role("alert")).to_have_count(0)
    expect(page.locator(".beside")).to_contain_text("perplexity 6", timeout=MAP_MS)
    expect(page).to_have_url(re.compile(r"token=3&depth=5&perplexity=6$"))
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Compare perplexities").click()
    grid = page.get_by_role("dialog")
    expect(grid.locator(".scatterlayer")).to_have_count(5, timeout=MAP_MS)


def test_a_long_map_says_how_far_it_is_and_can_be_called_off(
    watched: Watched, analysis: str
) -> None:
    watched.provokes(409)
    page = watched.page()
    held: list[Route] = []
    page.route(re.compile("/figures/trajectory"), lambda route: held.append(route))
    told = {"running": True, "share": 0.4, "message": "t-SNE: 800 of 2000 iterations"}

    def progress(route: Route) -> None:
        if route.request.method == "DELETE":
            route.fulfill(status=204)
        else:
            route.fulfill(json=told)

    page.route(re.compile("/maps/trajectory"), progress)
    open_board(page, f"/a/{analysis}")
    go_down(page, "Trajectory")
    expect(page.get_by_text("800 of 2000 iterations")).to_be_visible()
    expect(page.get_by_role("progressbar", name="Progress of the map")).to_have_attribute(
        "value", "0.4"
    )
    with page.expect_request(lambda request: request.method == "DELETE") as called_off:
        page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Cancelling…")).to_be_visible()
    assert f"/api/analyses/{analysis}/maps/trajectory?method=tsne" in called_off.value.url
    cancelled = {"title": "Cancelled", "detail": "The map was called off.", "status": 409}
    for route in held:
        route.fulfill(status=409, json=cancelled)
    expect(page.get_by_text("The map was called off.")).to_be_visible()
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
