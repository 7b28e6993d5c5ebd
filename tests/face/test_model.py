"""A model at hand: held ones, causal tests, image sets, surveys."""

import json

import numpy as np
import pytest

import fretboard as fb
from fretboard.core.errors import InputError, UnknownModel
from tests.face.conftest import QUESTION
from tests.support.tiny_models import save_llava


@pytest.fixture(scope="module")
def held(model):
    checkpoint = model.session.pipeline.checkpoint
    return fb.wrap(checkpoint.model, checkpoint.processor, name="mine")


def test_a_held_model_answers_as_the_loaded_one(held, analysis):
    own = held.analyze("photo.png", QUESTION)
    assert (own.answer, own.document.model.name) == (analysis.answer, "mine")
    assert own.document.model.layers == analysis.document.model.layers
    np.testing.assert_array_equal(own.hidden_states, analysis.hidden_states)
    assert own.id != analysis.id


def test_the_revision_of_a_held_model_is_its_weights(held, model):
    checkpoint = model.session.pipeline.checkpoint
    again = fb.wrap(checkpoint.model, checkpoint.processor)
    assert again.session.served.revision == held.session.served.revision
    weight = checkpoint.anatomy.layers[0].mlp.up_proj.weight
    kept = weight[0, 1].item()
    try:
        weight[0, 1] = kept + 1
        edited = fb.wrap(checkpoint.model, checkpoint.processor)
    finally:
        weight[0, 1] = kept
    assert edited.session.served.revision != held.session.served.revision


def test_a_folder_that_changed_is_another_model_in_the_same_process(tmp_path):
    folder = save_llava(tmp_path / "model")
    before = fb.load(folder)
    kept = before.analyze(None, "what is red", max_new_tokens=1)
    settings = folder / "generation_config.json"
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"bos_token_id": 5}))
    after = fb.load(folder).analyze(None, "what is red", max_new_tokens=1)
    assert after.document.model.revision != kept.document.model.revision
    again = before.analyze(None, "what is red", max_new_tokens=1)  # still the one in memory
    assert again.id == kept.id != after.id


def test_a_held_model_is_surveyed(held, desk):
    table = held.survey(desk / "photos", prompt=QUESTION, limit=2).to_pandas()
    assert set(table["item"]) == {"1", "2"}


def test_a_test_of_an_opened_answer_is_the_same(model, analysis, tmp_path):
    there = model.test(fb.open(analysis.save(tmp_path / "out")), "cut")
    here = model.test(analysis, "cut")
    assert there.document.id == here.document.id
    assert here.finding.sentence == there.finding.sentence


def test_patching_against_another_picture_is_another_test(model, analysis):
    grey, other = (model.test(analysis, "patching", other=one) for one in (None, "2.png"))
    assert grey.document.id != other.document.id
    assert grey.arrays["recovered"].shape == other.arrays["recovered"].shape


def test_a_test_needs_its_model_and_a_kind(model, held, analysis):
    with pytest.raises(InputError, match="mine"):
        held.test(analysis, "cut")
    with pytest.raises(InputError, match="knockout"):
        model.test(analysis, "smashing")


def test_an_image_that_fails_is_a_member_with_its_reason(model):
    images = model.image_set(["1.png", "2.png", b"no image"], QUESTION, token="class:colour")
    assert [member.error is None for member in images.members] == [True, True, False]
    assert images.dispersion().layout.meta["axis"] == "depth"
    with pytest.raises(InputError):
        model.image_set([b"no image"], QUESTION)


def test_a_survey_goes_on_where_it_was(desk, tmp_path):
    first = fb.load(store=tmp_path).survey("photos", QUESTION, output=tmp_path, limit=2)
    second = fb.load(store=tmp_path).survey("photos", QUESTION, output=tmp_path)
    assert (first.summary["survey"]["done"], second.summary["survey"]["done"]) == (2, 3)


def test_a_model_that_is_not_there_is_named():
    with pytest.raises(UnknownModel, match="no-such-folder"):
        fb.load("./no-such-folder")
    with pytest.raises(InputError, match="max_tokens"):
        fb.load().analyze("photo.png", QUESTION, max_tokens=3)


def test_any_states_are_read_with_the_models_own_head(model, analysis):
    states = analysis.hidden_states.astype(np.float32)
    log_probabilities = model.log_probabilities(states)
    ids = [token.id for token in analysis.tokens]
    own = log_probabilities[:, np.arange(len(ids)), ids]
    np.testing.assert_allclose(own, analysis.log_probability, atol=1e-4)
    np.testing.assert_allclose(np.exp(log_probabilities).sum(-1), 1, atol=1e-5)
    with pytest.raises(InputError, match=str(states.shape[-1])):
        model.log_probabilities(states[..., 1:])
