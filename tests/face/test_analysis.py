"""One analysis: readings, follow-ups, folders, comparisons, refusals."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import fretboard as fb
from fretboard.core.errors import InputError, NotFound, UnknownWord
from tests.face.conftest import QUESTION


def test_another_reading_is_of_the_same_record(analysis):
    raw = analysis.read(lens="raw", divergence="paper-code", stages="paper", mutation_sigmas=3)
    assert raw.id == analysis.id
    assert (raw.stages.method, raw.stages.thresholds["mutation_sigmas"]) == ("paper", 3)
    assert np.abs(raw.jsd - analysis.jsd).max() > 0
    np.testing.assert_allclose(raw.probability[-1], analysis.probability[-1], atol=1e-6)
    difference = analysis.read(lens="difference")
    between = raw.probability - analysis.probability
    np.testing.assert_allclose(difference.probability, between, atol=1e-6)


def test_what_is_not_named_stays_as_it_is_read(analysis):
    paper = analysis.read(lens="raw", flag_score=0.2).read(stages="paper")
    assert (paper.reading.lens, paper.reading.flag_score) == ("raw", 0.2)


def test_a_question_asked_again_is_the_same_analysis(model, analysis):
    assert model.analyze(analysis.question).id == analysis.id
    held = fb.Question(prompt=QUESTION, image=Path("photo.png").read_bytes())
    assert model.analyze(held).id == analysis.id


def test_a_preset_is_of_the_stages_as_they_are_read(analysis):
    early, late = (analysis.read(critical_depth=depth) for depth in (4, 7))
    assert early.question.skip("skip.3").skip_layers.startswith("4-")
    assert late.question.without("skip.3").skip_layers.startswith("7-")
    assert analysis.question.skip("1,5-6").but(prompt="Why?").skip_layers == "1,5-6"


def test_skipped_layers_change_the_states(analysis, changed):
    assert changed.document.request.skip_layers == (3, 4, 5)
    assert np.abs(changed.hidden_states[4, 0] - analysis.hidden_states[4, 0]).max() > 0
    np.testing.assert_array_equal(changed.hidden_states[6, 0], changed.hidden_states[3, 0])


def test_a_saved_folder_is_the_same_analysis(analysis, tmp_path):
    own = analysis.read(lens="raw", divergence="symmetric-kl")
    again = fb.open(own.save(tmp_path / "out"))
    assert (again.id, again.answer, again.reading.lens) == (own.id, own.answer, "raw")
    for name in ("probability", "rank", "entropy", "jsd", "top_ids", "hidden_states"):
        np.testing.assert_array_equal(getattr(again, name), getattr(own, name))
    assert again.heatmap().to_json() == own.heatmap().to_json()
    plain = again.read(lens="normed", divergence="jsd")
    assert plain.heatmap().to_json() == analysis.heatmap().to_json()
    assert again.image.tobytes() == analysis.image.tobytes()


def test_saving_leaves_the_files_of_others_alone(analysis, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    analysis.save(tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_the_records_of_a_kept_store_open_by_their_folder(desk, tmp_path):
    kept = fb.load(store=tmp_path).analyze("photo.png", QUESTION)
    assert fb.open(tmp_path / "analyses" / kept.id).answer == kept.answer


def test_folders_are_compared_with_each_other(analysis, changed, tmp_path):
    folders = [one.save(tmp_path / one.id) for one in (analysis, changed)]
    here, there = fb.compare(analysis, changed), fb.compare(*map(fb.open, folders))
    assert there.profile("entropy").to_json() == here.profile("entropy").to_json()
    assert [one.to_json() for one in there.heatmap("jsd")] == [
        one.to_json() for one in here.heatmap("jsd")
    ]
    means = [trace.y for trace in here.profile("probability").data if trace.mode]
    assert len(means) >= 2


def test_the_word_of_a_patch_figure_is_placed_on_the_image(analysis):
    figure = analysis.patches("dog")
    shown = [trace for trace in figure.data if trace.visible]
    assert len(shown) == 1
    assert np.nanmax(shown[0].z) == max(np.nanmax(trace.z) for trace in figure.data)
    assert analysis.patches(3).layout.title.text != figure.layout.title.text


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda a: a.read(lense="raw"), InputError, "lense"),
        (lambda a: a.read(lens="none"), InputError, "lens"),
        (lambda a: a.heatmap("loudness"), InputError, "loudness"),
        (lambda a: a.map(methods="pca"), InputError, "methods"),
        (lambda a: a.map(method="pca", dimensions=5), InputError, "dimensions"),
        (lambda a: a.competition(99), NotFound, "99"),
        (lambda a: a.competition(-1), InputError, "token"),
        (lambda a: a.competition(0, words=["xyzzy"]), UnknownWord, "xyzzy"),
        (lambda a: a.divergence(99), NotFound, "99"),
        (lambda a: a.question.skip("3-99"), InputError, "99"),
        (lambda a: fb.open("nowhere"), NotFound, "nowhere"),
        (lambda a: fb.open("http://127.0.0.1:1/a/1"), InputError, "connect"),
        (lambda a: fb.compare(a, a).divergence(99), NotFound, "99"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(analysis, call, error, words):
    with pytest.raises(error) as caught:
        call(analysis)
    assert words in caught.value.detail
    assert caught.value.detail.rstrip().endswith((".", "…", "?"))


def test_the_notebook_form_stands_without_scripts(analysis, changed):
    html = analysis._repr_html_()
    assert html.count("<tr>") == analysis.document.model.layers + 1
    assert all(word in html for word in ("The", "dog", "data:image/png;base64"))
    assert "http" not in html.split("<script>")[0]
    assert fb.compare(analysis, changed)._repr_html_().count("newPlot") == 3


def test_text_alone_has_no_image(model):
    alone = model.analyze(prompt="What is the color of the dog?", max_new_tokens=4)
    assert alone.image is None
    assert alone.question.image is None
    with pytest.raises(InputError):
        alone.patches("dog")
    assert "<img" not in alone._repr_html_().split("<script>")[-1]


def as_png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("form", ["path", "bytes", "image", "uint8", "float", "grey", "alpha"])
def test_pictures_come_in_any_form(model, analysis, desk, form):
    image = Image.open(desk / "photo.png").convert("RGB")
    values = np.asarray(image)
    forms = {
        "path": desk / "photo.png",
        "bytes": as_png(image),
        "image": image,
        "uint8": values,
        "float": values / 255,
        "grey": np.asarray(image.convert("L")),
        "alpha": np.dstack([values, np.full(values.shape[:2], 255, np.uint8)]),
    }
    prepared = model.analyze(forms[form], QUESTION, max_new_tokens=2)
    if form != "grey":
        assert prepared.image.tobytes() == analysis.image.tobytes()


@pytest.mark.parametrize(
    "image",
    [3, np.zeros((4, 4, 7), np.uint8), np.full((4, 4), 300), "missing.png", b"no image"],
    ids=["number", "shape", "range", "missing", "bytes"],
)
def test_what_is_no_picture_is_refused(model, image):
    with pytest.raises(InputError) as caught:
        model.analyze(image, QUESTION)
    assert caught.value.detail.endswith(".")
