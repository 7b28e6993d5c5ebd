"""Fits from examples to files, their use in a session, and lenses of other tools."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from fretboard.analysis.figure_options import FigureOptions
from fretboard.analysis.figures import Subject
from fretboard.core.errors import InputError
from fretboard.core.fitted_lens import FitSettings, Span
from fretboard.core.model_info import served_model
from fretboard.core.question import Question
from fretboard.core.reading import Lens, Reading
from fretboard.engine.fitted import FittedLenses
from fretboard.engine.lens_fit.examples import FitExample
from fretboard.engine.lens_fit.fit import LensFit
from fretboard.engine.lens_fit.foreign import read_foreign, write_jacobian
from fretboard.engine.session import Session
from fretboard.store.fitted_lenses import lens_path, partial_path, read_lens, write_lens
from tests.support.images import encode
from tests.support.settings import make_settings

PROMPTS = ("what is the cat", "what colour is the dog", "the grass")


@pytest.fixture(scope="module")
def session(checkpoint_folder, tmp_path_factory):
    settings = make_settings(checkpoint_folder, tmp_path_factory.mktemp("store"))
    lenses = tmp_path_factory.mktemp("lenses")
    return Session.open(settings.model_copy(update={"lenses": lenses}))


def pictures(count=3):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 255, (count, 30, 30, 3), dtype=np.uint8)
    return [Image.fromarray(one) for one in noise]


def examples(kind):
    if kind is Lens.LATENT:
        return [FitExample(prompt, continuation="the cat is red") for prompt in PROMPTS]
    return [
        FitExample(prompt, lambda one=one: one)
        for prompt, one in zip(PROMPTS, pictures(), strict=True)
    ]


def new_fit(session, kind, **settings):
    chosen = FitSettings(max_new_tokens=4, probes=8, **settings)
    checkpoint = session.pipeline.checkpoint
    return LensFit(checkpoint, session.served, kind, examples(kind), "three questions", chosen)


@pytest.fixture(scope="module")
def fitted(session):
    """All three kinds, where the session looks for them."""
    for kind in (Lens.JACOBIAN, Lens.TUNED, Lens.LATENT):
        path = lens_path(session.settings.lenses, session.served.revision, kind)
        new_fit(session, kind).run(path)
    return session


def analysed(session):
    return session.analyze(
        Question(prompt=PROMPTS[0], image=encode(pictures()[0], "PNG"), max_new_tokens=4)
    )


@pytest.mark.parametrize("kind", [Lens.JACOBIAN, Lens.TUNED, Lens.LATENT])
def test_a_stopped_fit_goes_on_and_ends_the_same(session, tmp_path, monkeypatch, kind):
    monkeypatch.setattr("fretboard.engine.lens_fit.fit.SAVE_SECONDS", 0)
    monkeypatch.setattr("fretboard.engine.lens_fit.fitters.GROUP", 1)
    whole, parted = tmp_path / "whole.safetensors", tmp_path / "parted.safetensors"
    new_fit(session, kind, rounds=2).run(whole)

    def stop(done, _total):
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        new_fit(session, kind, rounds=2).run(parted, stop)
    assert partial_path(parted).exists()
    assert not parted.exists()
    begun = []
    new_fit(session, kind, rounds=2).run(parted, lambda done, _total: begun.append(done))
    assert begun[0] == 4
    assert not partial_path(parted).exists()
    (recipe, arrays), (other, others) = read_lens(whole), read_lens(parted)
    assert recipe == other
    assert arrays.keys() == others.keys()
    for name, array in arrays.items():
        np.testing.assert_allclose(array, others[name], atol=2e-3)


def test_a_fit_that_was_begun_otherwise_is_not_continued(session, tmp_path):
    path = tmp_path / "lens.safetensors"

    def stop(done, _total):
        if done == 1:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fretboard.engine.lens_fit.fit.SAVE_SECONDS", -1)
        with pytest.raises(KeyboardInterrupt):
            new_fit(session, Lens.JACOBIAN).run(path, stop)
    with pytest.raises(InputError, match="begun with other examples or settings"):
        new_fit(session, Lens.JACOBIAN, seed=1).run(path)


def test_every_fitted_lens_is_the_model_at_depth_l(fitted):
    document = analysed(fitted)
    plain = fitted.arrays.named(document, "probability", Lens.NORMED)
    for lens in (Lens.JACOBIAN, Lens.TUNED):
        read = fitted.arrays.named(document, "probability", lens)
        assert read.shape == plain.shape
        np.testing.assert_array_equal(read[-1], plain[-1])
        assert not np.allclose(read[:-1], plain[:-1])
        apart = fitted.arrays.named(document, "probability", Lens(f"{lens}-normed"))
        np.testing.assert_allclose(apart, read - plain, atol=1e-6)


def test_patches_are_read_through_the_lens_of_the_image(fitted):
    document = analysed(fitted)
    tables = {
        lens: fitted.arrays.patch_word(document, 270, lens)
        for lens in (Lens.NORMED, Lens.JACOBIAN, Lens.TUNED, Lens.LATENT)
    }
    for lens, table in tables.items():
        np.testing.assert_allclose(table[-1], tables[Lens.NORMED][-1], rtol=1e-5)
        assert lens is Lens.NORMED or not np.allclose(table[:-1], tables[Lens.NORMED][:-1])


def test_the_figure_of_patches_takes_the_latent_lens(fitted):
    document, reading = analysed(fitted), Reading(lens=Lens.LATENT)
    subject = Subject(fitted.read(document, reading), reading)
    word = fitted.arrays.vocabulary(document).text(270)
    drawn = fitted.figures.draw("patches", subject, FigureOptions(word=[word]))
    assert drawn.layout.meta["lens"] == "latent"
    assert fitted.arrays.fit(document, Lens.LATENT)
    assert not fitted.arrays.fit(document, Lens.RAW)


def test_an_answer_can_be_read_through_a_fitted_lens_from_the_start(fitted):
    question = Question(prompt=PROMPTS[1], max_new_tokens=3, lens=Lens.TUNED)
    document = fitted.analyze(question)
    own = fitted.store.read_sound(document, "probability")
    assert document.stages.lens is Lens.TUNED
    plain = fitted.arrays.named(document, "probability", Lens.NORMED)
    assert not np.allclose(own[:-1], plain[:-1])


def test_a_new_fit_is_read_anew(fitted):
    document = analysed(fitted)
    path = lens_path(fitted.settings.lenses, fitted.served.revision, Lens.TUNED)
    recipe, arrays = read_lens(path)
    before = fitted.arrays.named(document, "probability", Lens.TUNED)
    write_lens(path, recipe, arrays | {"prompt.weight": arrays["prompt.weight"] * 0.5})
    try:
        again = fitted.arrays.named(document, "probability", Lens.TUNED)
        assert not np.allclose(again[:-1], before[:-1])
        np.testing.assert_array_equal(again[-1], before[-1])
    finally:
        write_lens(path, recipe, arrays)
    np.testing.assert_array_equal(fitted.arrays.named(document, "probability", Lens.TUNED), before)


def test_the_latent_lens_does_not_read_answers(fitted):
    with pytest.raises(InputError, match="reads image positions alone"):
        fitted.arrays.named(analysed(fitted), "probability", Lens.LATENT)


def test_where_none_is_fitted_a_sentence_says_how(session, tmp_path):
    lenses = FittedLenses(session.served.name, session.served.revision, tmp_path)
    anatomy = session.pipeline.checkpoint.anatomy
    with pytest.raises(InputError, match=r"fretboard lens fit .* --kind tuned --images FOLDER"):
        lenses.make(anatomy, Lens.TUNED, Span.PROMPT)
    broken = lens_path(tmp_path, session.served.revision, Lens.TUNED)
    broken.parent.mkdir()
    broken.write_bytes(b"no lens")
    with pytest.raises(InputError, match="is no fitted lens that can be read"):
        lenses.make(anatomy, Lens.TUNED, Span.PROMPT)


def test_a_jacobian_lens_goes_to_neuronpedias_form_and_back(fitted, tmp_path):
    recipe, arrays = fitted.pipeline.lenses.read(Lens.JACOBIAN)
    path = tmp_path / "lens.pt"
    write_jacobian(path, recipe, arrays)
    kept = torch.load(path, weights_only=True)
    assert kept["d_model"] == recipe.width
    assert kept["n_prompts"] == 3
    assert kept["source_layers"] == list(range(recipe.layers - 1))
    again, others = read_foreign(path, fitted.served, recipe.layers, recipe.width)
    assert again.unfitted == [0]  # layer l's output is depth l + 1: nothing says depth 0
    np.testing.assert_array_equal(others["prompt.weight"][1:], arrays["prompt.weight"][1:])
    np.testing.assert_array_equal(others["prompt.weight"][0], np.eye(recipe.width))
    with pytest.raises(InputError, match="Take the lens that was fitted to it"):
        read_foreign(path, fitted.served, recipe.layers, recipe.width + 1)


def test_a_tuned_lens_checkpoint_is_read(fitted, tmp_path):
    anatomy = fitted.pipeline.checkpoint.anatomy
    layers, width = len(anatomy.layers), anatomy.width
    translators = torch.nn.ModuleList([torch.nn.Linear(width, width) for _ in range(layers)])
    torch.save(translators.state_dict(), tmp_path / "params.pt")
    config = {"base_model_name_or_path": "x", "d_model": width, "num_hidden_layers": layers}
    (tmp_path / "config.json").write_text(json.dumps(config))
    _recipe, arrays = read_foreign(tmp_path, fitted.served, layers, width)
    states = torch.randn(width)
    for depth, translator in enumerate(translators):
        expected = states + translator(states)
        weight = torch.from_numpy(arrays["prompt.weight"][depth].astype(np.float32))
        bias = torch.from_numpy(arrays["prompt.bias"][depth].astype(np.float32))
        torch.testing.assert_close(weight @ states + bias, expected, atol=5e-3, rtol=5e-3)


def test_what_is_no_lens_is_said_to_be_none(fitted, tmp_path):
    path = tmp_path / "lens.pt"
    torch.save({"weights": torch.zeros(2)}, path)
    with pytest.raises(InputError, match=r"neither a Jacobian lens as Neuronpedia keeps it"):
        read_foreign(path, fitted.served, 4, 48)


def test_the_bundled_models_lenses_are_shipped():
    served = served_model("tiny-llava")
    lenses = FittedLenses(served.name, served.revision, Path("none"))
    for kind in (Lens.JACOBIAN, Lens.TUNED, Lens.LATENT):
        recipe, arrays = lenses.read(kind)
        assert recipe.revision == served.revision
        assert sum(array.nbytes for array in arrays.values()) < 2_000_000
