"""Image sets: from a set to a shared link, token positions, failures named, cancel."""

import io
import re
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.harness import AT_LENGTH, PROMPT, RUN_MS, Watched, draw_scene, expect_same
from tests.browser.map_pages import MAP_MS, expect_map, open_set, points, slider

pytestmark = pytest.mark.browser


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
    expect(dispersion.locator("[data-line]")).to_be_attached()
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
    expect_same(lambda: shown(other), lambda: shown(page))


def test_a_point_is_an_image_at_a_depth(watched: Watched) -> None:
    page = watched.page()
    open_set(page, "Dogs")
    slider(page).fill("1")
    expect(points(page)).to_have_count(12)
    tip = page.locator(".tip")
    for _ in range(10):  # a view that arrives above moves the map from under the pointer
        box = points(page).last.bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x - 25, y)
        page.mouse.move(x, y)
        with suppress(AssertionError):
            expect(tip).to_contain_text("depth 1 · token 3", timeout=5000)
            break
    expect(tip).to_contain_text("depth 1 · token 3")
    expect(tip.locator("img")).to_have_attribute("src", re.compile(r"/api/analyses/\w+/image"))
    page.mouse.click(x, y)
    expect(page).to_have_url(re.compile(r"image=\d+&depth=1&upto=1"))
    link = page.get_by_role("link", name="Open its analysis at token 3, depth 1")
    link.click()
    page.wait_for_url(re.compile(r"/a/\w+\?token=3&depth=1"))


@AT_LENGTH
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
    watched.provokes(404)  # the set is deleted while its stability may still be measured
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
    in_list = page.get_by_role("link", name=re.compile("image set"))
    in_list.click()
    page.get_by_role("button", name="Delete the set").click()
    page.get_by_role("button", name="Delete this image set …").click()
    page.screenshot(path=tmp_path / "delete.png")
    page.get_by_role("button", name="Delete", exact=True).click()
    page.wait_for_url(re.compile("/$"))
    expect(page.get_by_role("button", name="Analyse")).to_be_visible()
    expect(in_list).to_have_count(0)


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


def test_several_dropped_images_make_a_set(watched: Watched) -> None:
    page = watched.page()
    page.goto("/")
    expect(page.get_by_role("radio", name="One image")).to_be_checked()
    page.evaluate(
        """pictures => {
            const files = new DataTransfer();
            for (const [name, bytes] of pictures)
                files.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
            const drop = { dataTransfer: files, bubbles: true, cancelable: true };
            document.body.dispatchEvent(new DragEvent("drop", drop));
        }""",
        [[f"{seed}.png", list(noise(seed))] for seed in range(3)],
    )
    expect(page.get_by_role("radio", name="Several images")).to_be_checked()
    expect(page.get_by_role("list", name="Images of the set").get_by_role("img")).to_have_count(3)
    page.get_by_role("button", name="Remove 1.png").click()
    expect(page.get_by_text("2 images", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Analyse")).to_be_enabled()


def test_a_running_set_tells_how_far_it_is_and_can_be_cancelled(watched: Watched) -> None:
    def member(name: str, status: str) -> dict[str, object]:
        rest = dict.fromkeys(("analysis_id", "error", "answer", "token", "word", "note"))
        return {"name": name, "status": status} | rest

    running = {
        "id": "abc",
        "status": "running",
        "token": "first-difference",
        "warning": None,
        "request": {"prompt": PROMPT, "model": "tiny-llava", "token": "first-difference"},
        "members": [member("one.png", "done"), member("two.png", "queued")],
    }
    page = watched.page()
    page.route(re.compile("/api/trajectories/abc$"), lambda route: route.fulfill(json=running))
    page.route(
        re.compile("/api/trajectories/abc/events$"),
        lambda route: route.fulfill(body="", content_type="text/event-stream"),
    )
    page.route(re.compile("/abc/cancel$"), lambda route: route.fulfill(status=202, json={}))
    page.goto("/t/abc")
    expect(page.get_by_text("Analysing the images: 1 of 2")).to_be_visible()
    bar = page.get_by_role("progressbar", name="Progress of the set")
    expect(bar).to_have_attribute("value", "1")
    with page.expect_request(re.compile("/api/trajectories/abc/cancel$")) as sent:
        page.get_by_role("button", name="Cancel").click()
    assert sent.value.method == "POST"


def test_an_address_without_a_set_is_explained(watched: Watched) -> None:
    watched.provokes(404)
    page = watched.page()
    page.goto(f"/t/{'0' * 32}")
    expect(page.get_by_text("There is no image set at this address")).to_be_visible()
