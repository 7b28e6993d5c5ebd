"""How fast the built page is in a real browser: loads, clicks, long answers, tasks, its script.

    make page && python -m benchmarks.page_speed [--rounds 5]

Starts a server with the bundled model and Chromium on this machine; about three minutes. Prints one
table: medians over the rounds, and the worst, between the load averages of the machine before and
after. "Own time" is what the page's thread computed, whatever else the machine did meanwhile.
docs/benchmarks.md has the figures.
"""

import argparse
import os
import statistics
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright
from tests.browser.harness import (
    READY_SECONDS,
    ask,
    chromium_arguments,
    draw_scene,
    first_script,
    follow,
)
from tests.support.servers import Server

from fretboard.core.own_models import BUNDLED_MODEL

SIZE = {"width": 1440, "height": 900}
CHARTS = 3  # heatmap, competition, divergence
SENTENCE = " On the left there is a large tree. The tree is black."
LONG_TOKENS = 576
SCROLL_MS = HELD_MS = 3000
REPEAT_MS = 30  # between the events of a held key
LISTEN = """
    window.slow = [];
    new PerformanceObserver((list) => window.slow.push(...list.getEntries().map((e) => e.duration)))
        .observe({ type: "longtask", buffered: true });
"""
MARKS = "performance.getEntriesByName('fretboard: drawn')"
# When each chart was drawn first, ms.
DRAWN = f"{MARKS}.filter((m, i, all) => i === all.findIndex((o) => o.detail === m.detail))"
FRAMES = """(milliseconds) => new Promise((done) => {
    const board = document.querySelector("[data-scroller]"), times = [];
    const step = (now) => {
        times.push(now);
        if (window.scrolls) board.scrollLeft += 24;
        if (now - times[0] < milliseconds) requestAnimationFrame(step);
        else done((1000 * (times.length - 1)) / (now - times[0]));
    };
    requestAnimationFrame(step);
})"""


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    print("| what | median | worst | rounds |\n|---|---|---|---|")
    print(f"| own first script, gzip | {first_script() / 1000:.1f} kB | | |")
    print(f"| load average before | {os.getloadavg()[0]:.1f} | | |")
    with (
        tempfile.TemporaryDirectory() as folder,
        Server(Path(folder) / "data", FRETBOARD_MODEL=BUNDLED_MODEL) as server,
    ):
        server.wait("/readyz", READY_SECONDS)
        scene = draw_scene(Path(folder) / "scene.png", seed=4242)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(**chromium_arguments())
            for name, unit, values in measured(browser, server, scene, rounds):
                worst = min(values) if unit == "fps" else max(values)
                middle = statistics.median(values)
                print(f"| {name} | {middle:.0f} {unit} | {worst:.0f} | {len(values)} |", flush=True)
            browser.close()
    print(f"| load average after | {os.getloadavg()[0]:.1f} | | |")


def measured(
    browser: Browser, server: Server, scene: Path, rounds: int
) -> Iterator[tuple[str, str, list[float]]]:
    """(what, unit, values) of everything that a browser is needed for."""
    text = "On the left there are two black balls. In the middle there is a red dog."
    short = record(server, scene, text)
    long = record(server, scene, (SENTENCE * (LONG_TOKENS // 14 + 1)).strip())
    address = f"{server.url}/a/{short}?token=6&depth=9"
    cold, warm, tasks, own = loads(browser, address, rounds)
    yield "permalink with three charts, cold", "ms", cold
    yield "permalink with three charts, warm", "ms", warm
    yield "own time of a load", "ms", own
    yield "longest task of a load", "ms", tasks
    clicks, tasks = of_clicks(browser, address, 3 * rounds)
    yield "token click to the last chart", "ms", clicks
    yield "longest task of a click", "ms", tasks
    address = f"{server.url}/a/{long}?token=0&depth=9"
    yield "scrolling a long answer", "fps", frames(browser, address, rounds, scrolled)
    yield "arrow key held in a long answer", "fps", frames(browser, address, rounds, held)


def record(server: Server, scene: Path, text: str) -> str:
    """A finished analysis of a given answer."""
    found = ask(server, scene, continuation=text)
    follow(server, found)
    return found


def loads(
    browser: Browser, address: str, rounds: int
) -> tuple[list[float], list[float], list[float], list[float]]:
    """ms until the last of the three charts is drawn, without and with the browser's cache; of

    every load the longest task, and what the page's thread computed in all.
    """
    times: dict[bool, list[float]] = {False: [], True: []}
    tasks, own = [], []
    for _ in range(rounds):
        context = browser.new_context(viewport=SIZE, bypass_csp=True)
        for warm in (False, True):
            page = context.new_page()
            page.add_init_script(LISTEN)
            thread = context.new_cdp_session(page)
            thread.send("Performance.enable", {"timeDomain": "threadTicks"})
            page.goto(address)
            page.wait_for_function(f"{DRAWN}.length >= {CHARTS}")
            page.wait_for_timeout(1000)
            found = thread.send("Performance.getMetrics")["metrics"]
            own.append(1000 * next(m["value"] for m in found if m["name"] == "TaskDuration"))
            times[warm].append(page.evaluate(f"{DRAWN}[{CHARTS - 1}].startTime"))
            tasks.append(page.evaluate("Math.max(0, ...window.slow)"))
            page.close()
        context.close()
    return times[False], times[True], tasks, own


def of_clicks(browser: Browser, address: str, count: int) -> tuple[list[float], list[float]]:
    """ms from the event of a click to the last chart drawn after it; each token is a new one."""
    page = opened(browser, address)
    times, tasks = [], []
    for index in range(count):
        chip = page.locator(f".board [data-token='{index % 15}']")
        if index % 15 == 0:
            page.reload()
            page.wait_for_function(f"{DRAWN}.length >= {CHARTS}")
            page.wait_for_timeout(1500)
        page.evaluate(
            """() => {
                performance.clearMarks();
                window.slow.length = 0;
                const clicked = (event) => (window.clicked = event.timeStamp);
                addEventListener("click", clicked, { once: true, capture: true });
            }"""
        )
        chip.click()
        page.wait_for_timeout(700)
        times.append(page.evaluate(f"{MARKS}.at(-1).startTime - window.clicked"))
        tasks.append(page.evaluate("Math.max(0, ...window.slow)"))
    page.context.close()
    return times, tasks


def frames(
    browser: Browser, address: str, rounds: int, during: Callable[[Page], float]
) -> list[float]:
    """Frames a second while something goes on."""
    page = opened(browser, address)
    values = []
    for _ in range(rounds):
        page.evaluate("document.querySelector('[data-scroller]').scrollLeft = 0")
        page.locator(".board [data-token='0']").click()
        page.wait_for_timeout(1000)
        values.append(during(page))
    page.context.close()
    return values


def scrolled(page: Page) -> float:
    """The board runs along."""
    page.evaluate("window.scrolls = true")
    rate = page.evaluate(FRAMES, SCROLL_MS)
    page.evaluate("window.scrolls = false")
    return rate


def held(page: Page) -> float:
    """The right arrow key repeats."""
    page.evaluate(f"window.rate = ({FRAMES})({HELD_MS})")
    for _ in range(HELD_MS // REPEAT_MS):
        page.keyboard.down("ArrowRight")
        page.wait_for_timeout(REPEAT_MS)
    page.keyboard.up("ArrowRight")
    return page.evaluate("window.rate")


def opened(browser: Browser, address: str) -> Page:
    """A page of its own, with its charts drawn."""
    page = browser.new_context(viewport=SIZE, bypass_csp=True).new_page()
    page.add_init_script(LISTEN)
    page.goto(address)
    page.wait_for_function(f"{DRAWN}.length >= {CHARTS}", timeout=60_000)
    page.wait_for_timeout(1500)
    return page


if __name__ == "__main__":
    main()
