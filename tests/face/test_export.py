"""What is taken away: archives that open again, notebooks that run, BibTeX, and their contents."""

import json
import zipfile

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

import fretboard as fb
from fretboard.core.errors import InputError
from tests.face.conftest import QUESTION

READINGS = (
    {},
    {"lens": "difference"},
    {"lens": "raw", "divergence": "paper-code", "stages": "paper"},
)


@pytest.fixture(scope="module")
def images(model):
    return model.image_set(["1.png", "2.png", "3.png"], QUESTION, token="class:colour")


@pytest.fixture(scope="module")
def tested(model, analysis):
    return model.test(analysis, "patching", "2.png")


@pytest.mark.parametrize("changes", READINGS)
def test_an_archive_opens_as_it_was_read(analysis, tmp_path, changes):
    read = analysis.read(**changes)
    opened = fb.open(read.export(tmp_path / "a.zip"))
    assert opened.answer == read.answer
    assert opened.reading.model_dump() == read.reading.model_dump()
    assert opened.stages == read.stages
    assert opened.image.tobytes() == read.image.tobytes()
    for name in ("probability", "rank", "entropy", "jsd", "top_ids", "hidden_states"):
        np.testing.assert_array_equal(getattr(opened, name), getattr(read, name))
    assert opened.heatmap().to_json() == read.heatmap().to_json()


def test_an_archive_is_read_without_the_package(analysis, tmp_path):
    with zipfile.ZipFile(analysis.export(tmp_path / "a.zip")) as archive:
        place = f"analyses/{analysis.id}"
        assert json.loads(archive.read(f"{place}/analysis.json"))["answer"] == analysis.answer
        with archive.open(f"{place}/arrays.npz") as file, np.load(file) as arrays:
            np.testing.assert_array_equal(arrays["probability"], analysis.probability)
        assert archive.read(f"{place}/image.png").startswith(b"\x89PNG")
        assert b"@inproceedings" in archive.read("citation.bib")


def test_the_same_record_gives_the_same_bytes(analysis, tmp_path):
    first, second = (analysis.export(tmp_path / f"{name}.zip") for name in "ab")
    assert first.read_bytes() == second.read_bytes()


def test_a_comparison_comes_back(analysis, changed, tmp_path):
    pair = fb.compare(analysis, changed.read(lens="raw"))
    opened = fb.Comparison.open(pair.export(tmp_path / "c.zip"))
    assert opened.answers == pair.answers
    assert opened.profile().to_json() == pair.profile().to_json()


def test_an_image_set_comes_back_with_its_analyses(images, tmp_path):
    opened = fb.ImageSet.open(images.export(tmp_path / "s.zip"))
    assert opened.members == images.members
    np.testing.assert_array_equal(opened.hidden_states, images.hidden_states)
    assert opened.guitar(method="pca").data[0] == images.guitar(method="pca").data[0]


def test_a_causal_test_comes_back_with_its_pictures(tested, tmp_path):
    opened = fb.CausalTest.open(tested.export(tmp_path / "t.zip"))
    assert opened.finding == tested.finding
    np.testing.assert_array_equal(opened.arrays["recovered"], tested.arrays["recovered"])
    again = opened.export(tmp_path / "again.zip")
    assert again.read_bytes() == (tmp_path / "t.zip").read_bytes()


def test_an_archive_of_another_kind_says_what_opens_it(tested, tmp_path):
    with pytest.raises(InputError, match=r"fb\.CausalTest\.open"):
        fb.open(tested.export(tmp_path / "t.zip"))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 half", b"{}"])
def test_a_file_that_is_no_archive_is_refused(tmp_path, content):
    path = tmp_path / "x.zip"
    path.write_bytes(content)
    with pytest.raises(InputError, match="no archive"):
        fb.open(path)


def test_another_suffix_is_refused(analysis, tmp_path):
    with pytest.raises(InputError, match=r"\.zip, \.html, \.ipynb, \.bib"):
        analysis.export(tmp_path / "a.pdf")
    assert list(tmp_path.iterdir()) == []


def run(path):
    """The outputs of a notebook, executed in its folder."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook, timeout=300, startup_timeout=300, resources={"metadata": {"path": path.parent}}
    ).execute()
    return [cell["outputs"] for cell in notebook.cells if cell.cell_type == "code"]


def figures(outputs):
    return sum("plotly" in json.dumps(one.get("data", {})) for cell in outputs for one in cell)


def test_a_notebook_of_an_archive_runs(analysis, tmp_path, monkeypatch):
    monkeypatch.setenv("PLOTLY_RENDERER", "plotly_mimetype")
    record = analysis.exported(token=3)
    analysis.export(tmp_path / f"{record.name}.zip")
    assert figures(run(analysis.export(tmp_path / "a.ipynb"))) >= 4


def test_a_notebook_of_a_server_runs(server, analysis, tmp_path, monkeypatch):
    monkeypatch.setenv("PLOTLY_RENDERER", "plotly_mimetype")
    query = {"beside": analysis.id, "beside_lens": "raw"}
    text = server.get(f"/api/analyses/{analysis.id}/export.ipynb", **query).text
    assert "fb.compare" in text
    (tmp_path / "a.ipynb").write_text(text)
    assert figures(run(tmp_path / "a.ipynb")) >= 3


def test_an_analysis_of_a_server_is_exported_like_one_of_here(server, analysis, tmp_path):
    far = server.open(analysis.id).export(tmp_path / "far.zip")
    with zipfile.ZipFile(far) as archive, zipfile.ZipFile(analysis.export(tmp_path / "a.zip")) as b:
        assert archive.namelist() == b.namelist()
    assert fb.open(far).answer == analysis.answer
