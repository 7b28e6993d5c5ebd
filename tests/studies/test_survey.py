"""The command on a tiny random model: outputs, failures, resuming, comparing, the report."""

import json
import re
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from fretboard.core.errors import InputError
from fretboard.core.question import Question
from fretboard.engine.session import Session
from fretboard.studies.survey.rows import COLUMNS
from fretboard.studies.survey.run import Sources, run_survey
from tests.support.random_data import fresh
from tests.support.settings import make_settings

IMAGES = 4


@pytest.fixture
def pictures(tmp_path):
    """A folder of four readable pictures and a broken one among them."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(IMAGES):
        noise = fresh().integers(0, 255, (24, 24, 3), dtype=np.uint8)
        Image.fromarray(noise).save(folder / f"{number}.png")
    (folder / "1-broken.png").write_bytes((folder / "1.png").read_bytes()[:300])
    return folder


@pytest.fixture
def run(checkpoint_folder, tmp_path, pictures):
    settings = make_settings(checkpoint_folder, tmp_path / "store")

    def go(output="out", prompt="What is it?", sources=None, **more):
        asked = {key: more.pop(key) for key in ("earlier", "limit") if key in more}
        names = Sources(tuple(sources or [str(pictures)]), **asked)
        keep = {key: more.pop(key) for key in ("keep_states",) if key in more}
        question = Question(**{"prompt": prompt, "max_new_tokens": 3} | more)
        session = Session.open(settings, tmp_path / output)
        return run_survey(session, names, question, tmp_path / output, **keep)

    return go


DOC = Path(__file__).parents[2] / "docs" / "surveys.md"


@pytest.mark.parametrize("column", COLUMNS)
def test_every_column_is_documented(column):
    kind, note = COLUMNS[column]
    assert f"| `{column}` | {kind} | {note} |" in DOC.read_text()


def failures(folder):
    return [json.loads(line) for line in (folder / "failures.jsonl").read_text().splitlines()]


def analysed(monkeypatch, after=None):
    """Counts the images that the model looks at; Ctrl-C comes after so many."""
    seen = []
    run = Session.run

    def counting(session, analysis, picture):
        if after is not None and len(seen) == after:
            raise KeyboardInterrupt
        seen.append(analysis.id)
        return run(session, analysis, picture)

    monkeypatch.setattr(Session, "run", counting)
    return seen


def test_a_survey_writes_table_summary_failures_and_report(run):
    written = run()
    table = pq.read_table(written.output / "tokens.parquet")
    assert table.column_names == list(COLUMNS)
    ids = set(table["analysis"].to_pylist())
    assert len(ids) == IMAGES
    for analysis_id in ids:
        folder = written.output / "analyses" / analysis_id
        document = json.loads((folder / "analysis.json").read_text())
        rows = [row for row in table.to_pylist() if row["analysis"] == analysis_id]
        assert [row["text"] for row in rows] == [token["text"] for token in document["tokens"]]
        assert {row["critical_depth"] for row in rows} == {document["stages"]["critical_depth"]}
        assert (folder / "hidden_states.safetensors").is_file()
    assert written.to_pandas()["text"].tolist() == table["text"].to_pylist()
    [failure] = failures(written.output)
    assert failure["image"].endswith("1-broken.png")
    assert failure["reason"]
    summary = json.loads((written.output / "summary.json").read_text())
    assert (summary["survey"]["done"], summary["survey"]["failed"]) == (IMAGES, 1)
    assert summary["survey"]["stages"]["thresholds"] == document["stages"]["thresholds"]
    assert summary["answers"] == summary["images"] == IMAGES
    assert f"{IMAGES} of {IMAGES + 1} done, 1 failed" in str(written).splitlines()[0]


def test_a_stopped_survey_goes_on_where_it_stopped(run, monkeypatch):
    first = analysed(monkeypatch, after=2)
    stopped = run()
    assert stopped.interrupted
    assert stopped.summary["survey"]["done"] == 2
    monkeypatch.undo()
    second = analysed(monkeypatch)
    finished = run()
    assert not finished.interrupted
    assert finished.summary["survey"]["done"] == IMAGES
    assert len(second) == IMAGES - 2
    assert not set(first) & set(second)


def test_a_repaired_picture_is_taken_up(run, monkeypatch, pictures):
    run()
    Image.new("RGB", (24, 24), "red").save(pictures / "1-broken.png")
    seen = analysed(monkeypatch)
    again = run()
    assert len(seen) == 1
    assert failures(again.output) == []
    assert again.summary["survey"]["done"] == IMAGES + 1


def test_hidden_states_may_be_left_out(run):
    written = run(keep_states=False)
    kept = {path.name for path in written.output.glob("analyses/*/*")}
    assert kept == {"analysis.json", "arrays.safetensors", "image.png"}


def test_two_surveys_are_compared(run):
    earlier = run("first")
    written = run("second", lens="raw", earlier=earlier.output)
    comparison = written.summary["comparison"]
    assert (comparison["paired_by"], comparison["pairs"]) == ("image and prompt", IMAGES)
    assert comparison["same_answer"].value == 1  # a lens only reads
    assert (comparison["this"]["lens"], comparison["earlier"]["lens"]) == (["raw"], ["normed"])
    assert "This survey and the earlier one" in (written.output / "report.html").read_text()


def test_the_report_needs_no_network_and_escapes_what_it_shows(run, tmp_path, pictures):
    hostile = "</script><b>What?</b>"
    path = tmp_path / "mine.jsonl"
    path.write_text(json.dumps({"image": str(pictures / "0.png"), "prompt": hostile}))
    page = (run(sources=[str(path)]).output / "report.html").read_text()
    assert hostile not in page
    assert "&lt;/script&gt;&lt;b&gt;What?" in page
    assert not re.findall(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=", page)
    embedded = re.search(r'<script type="application/json" id="figures">(.*?)</script>', page, re.S)
    figures = json.loads(embedded[1])
    assert {"critical", "views", "classes"} <= figures.keys()
    for drawn in figures.values():
        assert set(drawn) == {"light", "dark"}
        assert drawn["light"]["layout"]["xaxis"]["title"]["text"]


@pytest.mark.browser
@pytest.mark.parametrize("width", [1440, 390])
def test_the_report_draws_offline_and_fits_the_window(run, width):
    from playwright.sync_api import sync_playwright

    from tests.browser.harness import chromium_arguments

    report = run().output / "report.html"
    errors = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**chromium_arguments())
        page = browser.new_context(
            viewport={"width": width, "height": 900}, offline=True
        ).new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda told: errors.append(told.text) if told.type == "error" else None)
        page.goto(report.as_uri())
        page.wait_for_selector("#classes .xtitle")
        drawn = page.locator(".chart .main-svg").count()
        overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        browser.close()
    assert (errors, overflow) == ([], 0)
    assert drawn >= 3


def test_wrong_input_is_told_before_any_work(run, tmp_path, monkeypatch):
    seen = analysed(monkeypatch)
    for wrong in ({"skip_layers": "9-1"}, {"max_new_tokens": 10**6}):
        with pytest.raises(InputError):
            run(**wrong)
    with pytest.raises(InputError, match="not the output of a survey"):
        run(earlier=tmp_path)
    with pytest.raises(InputError, match=r"None of 1 images.*1-broken"):
        run(sources=[str(tmp_path / "pictures" / "1-broken.png")])
    assert seen == []
