"""The same object over HTTP: documents, arrays, figures, links, refusals."""

import numpy as np
import pytest

import fretboard as fb
from fretboard.core.errors import InputError, NotFound, Unavailable
from tests.face.conftest import QUESTION


@pytest.fixture(scope="module")
def far(server, analysis):
    return server.open(analysis.id)


def test_the_document_and_arrays_are_those_of_here(far, analysis):
    assert (far.answer, far.tokens, far.stages) == (
        analysis.answer, analysis.tokens, analysis.stages,
    )  # fmt: skip
    for name in ("probability", "jsd", "rank", "entropy", "top_ids", "hidden_states"):
        np.testing.assert_allclose(getattr(far, name), getattr(analysis, name), atol=1e-6)


@pytest.mark.parametrize(
    "draw",
    [
        lambda a: a.heatmap("entropy"),
        lambda a: a.competition(3, words=["red", "black"]),
        lambda a: a.divergence(2),
        lambda a: a.profile("probability"),
        lambda a: a.patches("dog"),
        lambda a: a.read(lens="raw", scale="depth", divergence="symmetric-kl").heatmap("jsd"),
        lambda a: a.read(stages="paper", critical_depth=4).competition(1),
        lambda a: a.map(method="pca", scaling="none", color_by="stage"),
    ],
)
def test_figures_are_those_of_here(far, analysis, draw):
    there, here = draw(far), draw(analysis)
    assert there.layout.title == here.layout.title
    assert len(there.data) == len(here.data)
    for one, other in zip(there.data, here.data, strict=True):
        for axis in ("x", "y", "z"):
            own = getattr(other, axis, None)
            if own is not None and np.asarray(own).dtype.kind in "fi":
                np.testing.assert_allclose(getattr(one, axis), own, atol=1e-4)


def test_a_link_brings_its_reading(server, analysis):
    link = f"{server.url}/a/{analysis.id}?token=3&lens=raw&stages=paper&mutation_sigmas=2.5&q=rank"
    read = server.open(link).reading
    assert (read.lens, read.stages, read.mutation_sigmas) == ("raw", "paper", 2.5)
    assert server.open(f"/a/{analysis.id}").id == analysis.id


def test_asking_the_server_gives_the_same_id(server, analysis):
    assert server.analyze("photo.png", QUESTION).id == analysis.id
    assert server.analyze("photo.png", QUESTION, skip_layers="3-5").question.skip_layers == "3-5"


def test_what_lies_on_a_server_is_saved_as_a_folder(far, tmp_path):
    raw = far.read(lens="raw")
    again = fb.open(raw.save(tmp_path / "out"))
    assert again.answer == far.answer
    np.testing.assert_array_equal(again.hidden_states, far.hidden_states)
    np.testing.assert_array_equal(again.probability, raw.probability)
    assert again.heatmap().layout.title.text == raw.heatmap().layout.title.text


def test_two_of_one_server_are_compared_and_one_of_each_place_not(server, far, analysis):
    other = server.analyze("photo.png", QUESTION, skip_layers="3-5")
    first, second = fb.compare(far, other).heatmap("jsd")
    assert first.data[0].zmax == second.data[0].zmax
    for pair in ((far, analysis), (analysis, far)):
        with pytest.raises(InputError, match="save"):
            fb.compare(*pair).profile()


def test_refusals_are_the_errors_of_here(server, far):
    with pytest.raises(NotFound):
        server.open("0" * 32)
    with pytest.raises(InputError, match="another server"):
        server.open("http://elsewhere.example/a/0123")
    with pytest.raises(InputError, match="permalink"):
        server.open("not an id")
    with pytest.raises(InputError, match="loudness"):
        far.heatmap("loudness")
    with pytest.raises(InputError):
        server.analyze(b"no image", QUESTION)
    with pytest.raises(Unavailable, match="fretboard serve"):
        fb.connect("http://127.0.0.1:9").open("0")
