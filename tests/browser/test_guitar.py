"""Image sets and maps: from a set to a shared link, growth over depth, failures named, 3-D."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, Route, expect

from .harness import PROMPT, RUN_MS, Watched, draw_scene, open_board

pytestmark = pytest.mark.browser

MAP_MS = 60_000  # a t-SNE of some hundred points, and the import that comes before the first one


def drawing(page: Page) -> Locator:
    return page.get_by_role("img", name=re.compile("^Map of the hidden states"))


def points(page: Page) -> Locator:
    return drawing(page).locator(".scatterlayer .point")


def slider(page: Page) -> Locator:
    return page.get_by_role("slider", name="Depth")


def expect_map(page: Page) -> None:
    expect(points(page).first).to_be_attached(timeout=MAP_MS)
    expect(page.locator(".plot.stale")).to_have_count(0, timeout=MAP_MS)


def open_set(page: Page, title: str) -> str:
    """Starts a set of the bundled world and waits for its map; its path."""
    page.goto("/")
    page.get_by_role("button", name=f"Image set: {title}").click()
    page.wait_for_url(re.compile(r"/t/\w+$"))
    expect(page.get_by_text("12 images, 12 analysed")).to_be_visible(timeout=2 * RUN_MS)
    expect_map(page)
    return page.evaluate("location.pathname")


def noise(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (32, 32, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def shown(page: Page) -> dict[str, object]:
    """What the page shows of a set, as far as a reader could tell two views apart."""
    group = page.get_by_role("group", name="Map")
    return {
        "answers": page.get_by_role("list", name="Images").get_by_role("button").all_inner_texts(),
        "chosen": page.get_by_role("region", name="Chosen image").inner_text(),
        "pressed": page.locator("button[aria-pressed=true]").all_inner_texts(),
        "method": group.get_by_role("radio", checked=True).evaluate_all(
            "all => all.map(i => i.value)"
        ),
        "colour": group.get_by_label("Colour").input_value(),
        "depth": slider(page).input_value(),
        "colours": page.get_by_role("list", name="Colours").inner_text(),
        "places": points(page).evaluate_all("all => all.map(p => p.getAttribute('transform'))"),
    }


def test_from_a_set_of_the_world_to_a_shared_link(watched: Watched) -> None:
    page = watched.page()
    open_set(page, "Dogs")
    marked = page.get_by_role("list", name="Images").locator("mark")
    expect(marked).to_have_count(12)
    expect(marked.nth(4)).to_have_text("blue")
    expect(page.get_by_text("trustworthiness")).to_be_visible()
    expect(page.get_by_text("stability over seeds: mean")).to_be_visible(timeout=MAP_MS)
    dispersion = page.get_by_role("img", name=re.compile("^Dispersion"))
    expect(dispersion.locator(".scatterlayer .trace")).to_be_attached()
    expect(page.get_by_text("The paths part at depth")).to_be_visible()

    group = page.get_by_role("group", name="Map")
    group.get_by_role("radio", name="PCA").check(force=True)
    expect(page.get_by_text("PCA has no seed")).to_be_visible()
    expect(page.locator(".beside")).to_contain_text("PCA, 2-D", timeout=MAP_MS)
    group.get_by_label("Colour").select_option("word")
    expect(page.get_by_role("list", name="Colours")).to_contain_text("purple")
    page.get_by_role("button", name=re.compile("^blue-dog-5.png")).click()
    expect(page.get_by_role("region", name="Chosen image")).to_contain_text("The dog is blue.")
    slider(page).fill("7")
    expect(page).to_have_url(re.compile(r"\?image=4&map=pca&color=word&upto=7$"))
    expect_map(page)

    other = watched.page()
    other.goto(page.url)
    expect_map(other)
    expect(other.get_by_role("region", name="Chosen image")).to_contain_text("The dog is blue.")
    expect(points(other)).to_have_count(points(page).count())
    assert shown(other) == shown(page)


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


def test_a_point_is_an_image_at_a_depth(watched: Watched) -> None:
    page = watched.page()
    open_set(page, "Dogs")
    slider(page).fill("1")
    expect(points(page)).to_have_count(12)
    box = points(page).last.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x - 25, y)
    page.mouse.move(x, y)
    tip = page.locator(".tip")
    expect(tip).to_contain_text("depth 1 · token 3")
    expect(tip.locator("img")).to_have_attribute("src", re.compile(r"/api/analyses/\w+/image"))
    page.mouse.click(x, y)
    expect(page).to_have_url(re.compile(r"image=\d+&depth=1&upto=1"))
    link = page.get_by_role("link", name="Open its analysis at token 3, depth 1")
    link.click()
    page.wait_for_url(re.compile(r"/a/\w+\?token=3&depth=1"))


def test_another_position_is_read_at_once(watched: Watched) -> None:
    page = watched.page()
    open_set(page, "Balls")
    page.get_by_role("combobox", name="Token position").select_option("words")
    words = page.get_by_label("Which one of the words")
    words.fill("red,blue")
    words.press("Enter")
    expect(page).to_have_url(re.compile(r"\?token=words:red,blue$"))
    expect(page.get_by_text("The answers do not align")).to_be_visible()
    expect(page.get_by_role("list", name="Images").locator("mark")).to_have_count(3)
    expect(page.locator(".beside")).to_contain_text("3 images, depths 1 to 12", timeout=MAP_MS)
    page.get_by_role("button", name="as asked").click()
    expect(page.get_by_text("The answers do not align")).to_have_count(0)
    expect_map(page)


def test_a_failed_image_is_named(watched: Watched, tmp_path: Path) -> None:
    files = [draw_scene(tmp_path / f"scene-{seed}.png", seed) for seed in (11, 12, 13)]
    (tmp_path / "broken.png").write_bytes(noise(1)[:200])
    page = watched.page()
    page.goto("/")
    page.get_by_role("radio", name="Several images").check(force=True)
    analyse = page.get_by_role("button", name="Analyse")
    expect(analyse).to_be_disabled()
    page.set_input_files("input[type=file]", [*files, tmp_path / "broken.png"])
    expect(page.get_by_text("4 images", exact=True)).to_be_visible()
    page.get_by_label("Prompt", exact=True).fill(PROMPT)
    page.get_by_role("combobox", name="Token position").select_option("index")
    page.get_by_label("Which token number").fill("2")
    analyse.click()
    page.wait_for_url(re.compile(r"/t/\w+"))
    expect(page.get_by_text("1 failed")).to_be_visible(timeout=RUN_MS)
    broken = page.get_by_role("button", name=re.compile("^broken.png: "))
    expect(broken).to_contain_text(re.compile("image", re.I))
    expect(page.get_by_text("3 analysed")).to_be_visible(timeout=2 * RUN_MS)
    expect_map(page)
    page.goto("/")
    expect(page.get_by_role("link", name=re.compile("image set"))).to_be_visible()


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
    before = drawing(page).evaluate(camera)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 90, y + 20, steps=6)
    page.mouse.up()
    page.wait_for_function(
        f"([node, before]) => ({camera})(node) !== before",
        arg=[drawing(page).element_handle(), before],
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


def test_parameters_that_are_refused_leave_the_map(watched: Watched, analysis: str) -> None:
    page = watched.page()
    open_board(page, f"/a/{analysis}?token=3&depth=5")
    page.get_by_role("heading", name="Trajectory").scroll_into_view_if_needed()
    expect_map(page)
    page.get_by_role("button", name="Parameters of the map").click()
    panel = page.get_by_role("group", name="Parameters of the map")
    expect(panel.get_by_label("Perplexity")).to_have_value("40")
    panel.get_by_label("Perplexity").fill("0.5")
    panel.get_by_label("Perplexity").press("Enter")
    expect(panel.get_by_role("alert")).to_contain_text("perplexity is 0.5; choose a number from 1")
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
    watched.errors = [error for error in watched.errors if "status of 422" not in error]


def test_a_long_map_says_how_far_it_is_and_can_be_called_off(
    watched: Watched, analysis: str
) -> None:
    page = watched.page()
    held: list[Route] = []
    page.route(re.compile("/figures/trajectory"), lambda route: held.append(route))
    told = {"running": True, "share": 0.4, "message": "t-SNE: 800 of 2000 iterations"}
    called_off: list[str] = []

    def progress(route: Route) -> None:
        if route.request.method == "DELETE":
            called_off.append(route.request.url)
            route.fulfill(status=204)
        else:
            route.fulfill(json=told)

    page.route(re.compile("/maps/trajectory"), progress)
    open_board(page, f"/a/{analysis}")
    page.get_by_role("heading", name="Trajectory").scroll_into_view_if_needed()
    expect(page.get_by_text("800 of 2000 iterations")).to_be_visible()
    expect(page.get_by_role("progressbar", name="Progress of the map")).to_have_attribute(
        "value", "0.4"
    )
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Cancelling…")).to_be_visible()
    assert f"/api/analyses/{analysis}/maps/trajectory?method=tsne" in called_off[0]
    cancelled = {"title": "Cancelled", "detail": "The map was called off.", "status": 409}
    for route in held:
        route.fulfill(status=409, json=cancelled)
    expect(page.get_by_text("The map was called off.")).to_be_visible()
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    watched.errors = [error for error in watched.errors if "status of 409" not in error]


@pytest.mark.parametrize("width", [390, 1440])
def test_the_set_fits_the_window(watched: Watched, width: int) -> None:
    page = watched.page(width, 844)
    open_set(page, "Dogs")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.get_by_role("button", name="Parameters of the map").click()
    box = page.get_by_role("group", name="Parameters of the map").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width


def test_an_address_without_a_set_is_explained(watched: Watched) -> None:
    page = watched.page()
    page.goto(f"/t/{'0' * 32}")
    expect(page.get_by_text("There is no image set at this address")).to_be_visible()
    watched.errors = [error for error in watched.errors if "status of 404" not in error]
