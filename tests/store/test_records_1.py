"""Records of the first version, made by it and kept in `records-1`, open as they did."""

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

from fretboard.core.arrays import ARRAYS
from fretboard.jobs.services import build_services
from fretboard.server.app import create_app
from tests.support.commands import run_command
from tests.support.settings import make_settings

KEPT = Path(__file__).parent / "records-1"
IMAGE = "b7d5c1b4f116da9c2d751d840a746e78"  # with causal tests, maps and the words' distributions
SKIPPED = "1c293c3e03a9584d638ab975ae2d2bf8"
REPAIRED = "3c1f324961cb6e86b2bf29c88ea3ae8e"
RAW = "d15e6a8dec8d8962ff8ca1a0938e23c5"
TAUGHT = "eaf91729ea74fc88f91a6b49a666c8a6"
TEXT = "2c1229a5288b4d2a3aeb921810ac8496"
OTHER = "4c15948002a53900156bc3ca8fdff439"
FAILED = "26934eb377001f66e37289a5c93fe284"
DONE = (IMAGE, SKIPPED, REPAIRED, RAW, TAUGHT, TEXT, OTHER)
SET = "79ab9e9c2a2a929b24946c5db22a6987"
TESTS = {
    "attribution": IMAGE[:16] + "2af715290b5457ce",
    "patching": IMAGE[:16] + "2dc4ae29ba898bea",
    "knockout": IMAGE[:16] + "11d8d2b522d1fdd4",
    "cut": IMAGE[:16] + "3428920f976445a2",
}
MAPS = ("trajectory?method=pca", "trajectory?perplexity=3&iterations=250")
FIGURES = ("fretboard", "divergence?token=1", "profile", "competition?token=2&word=red", *MAPS)


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    """No worker: whatever needs one would fail."""
    shutil.copytree(KEPT / "store", tmp_path / "store")
    services = build_services(make_settings(tmp_path / "random-llava", tmp_path / "store"))
    assert services.unfinished() == []
    return TestClient(create_app(services, lambda: None))


def got(client: TestClient, path: str):
    answer = client.get(f"/api/{path}")
    assert answer.status_code == 200, (path, answer.text)
    return answer


def npy(answer) -> np.ndarray:
    return np.load(io.BytesIO(answer.content))


@pytest.mark.parametrize("analysis_id", DONE)
def test_an_analysis_opens_whole(client, analysis_id):
    url = f"analyses/{analysis_id}"
    document = got(client, url).json()
    assert document["status"] == "done"
    assert got(client, f"{url}/missing").json()["missing"] == []
    for name in ARRAYS:
        got(client, f"{url}/arrays/{name}")
    probability = npy(got(client, f"{url}/arrays/probability"))
    tokens = document["tokens"]
    assert probability[-1] == pytest.approx([one["probability"] for one in tokens], abs=1e-5)
    assert got(client, f"{url}/cells?token=0&depth=4").json()["words"]
    assert len(got(client, f"{url}/presets").json()) == 3
    got(client, f"{url}/figures/fretboard?quantity=entropy")
    assert "event: done" in got(client, f"{url}/events").text


@pytest.mark.parametrize("name", [*FIGURES, "perplexities?iterations=250"])
def test_every_figure_is_drawn(client, name):
    assert got(client, f"analyses/{IMAGE}/figures/{name}").json()["data"]


def test_what_was_asked_is_still_told(client):
    assert got(client, f"analyses/{SKIPPED}").json()["request"]["skip_when"] == "decode"
    assert got(client, f"analyses/{REPAIRED}").json()["repair"]["kind"] == "deco"
    assert got(client, f"analyses/{RAW}").json()["request"]["lens"] == "raw"
    assert got(client, f"analyses/{TAUGHT}").json()["answer"] == "red dog"
    failed = got(client, f"analyses/{FAILED}").json()
    assert (failed["status"], failed["error"]["title"]) == ("failed", "Cancelled")
    assert client.get(f"/api/analyses/{TEXT}/image").status_code == 404
    assert got(client, f"analyses/{IMAGE}/image").content.startswith(b"\x89PNG")


def test_causal_tests_are_listed_drawn_and_put_in_words(client):
    listed = got(client, f"analyses/{IMAGE}/experiments").json()
    assert {one["kind"]: one["id"] for one in listed} == TESTS
    for test in TESTS.values():
        for view in ("", "/figure", "/figure?token=1", "/finding"):
            got(client, f"experiments/{test}{view}")
    shares = npy(got(client, f"experiments/{TESTS['cut']}/arrays/log_probability"))
    assert np.isfinite(shares).all()
    got(client, f"experiments/{TESTS['patching']}/other")


def test_an_image_set_opens_with_its_map_and_dispersion(client):
    told = got(client, f"trajectories/{SET}").json()
    assert [member["analysis_id"] for member in told["members"]] == [IMAGE, OTHER]
    for name in ("trajectory?method=pca", "dispersion"):
        assert got(client, f"trajectories/{SET}/figures/{name}").json()["data"]
    assert npy(got(client, f"trajectories/{SET}/arrays/points?method=pca")).shape == (4, 2, 2)


def test_all_of_it_can_be_deleted(client, tmp_path):
    for test in TESTS.values():
        assert client.delete(f"/api/experiments/{test}").status_code == 204
    assert client.delete(f"/api/trajectories/{SET}").status_code == 204
    for analysis_id in (*DONE, FAILED):
        assert client.delete(f"/api/analyses/{analysis_id}").status_code == 204
    left = {path.parent.parent.name for path in (tmp_path / "store").rglob("*") if path.is_file()}
    assert left == {"models"}


@pytest.mark.parametrize("name", ["fretboard", "divergence", "profile", "trajectory"])
def test_a_folder_of_the_command_line_is_drawn(tmp_path, name):
    """By the bundled model's record, but without the model."""
    shutil.copytree(KEPT / "analyzed", tmp_path / "analyzed")
    more = ["--map", "method=pca"] if name == "trajectory" else []
    done = run_command(
        "figure", tmp_path / "analyzed", name, "-o", tmp_path / "x.json", *more,
        FRETBOARD_MODEL=str(tmp_path / "no-model"),
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "data" in (tmp_path / "x.json").read_text()
