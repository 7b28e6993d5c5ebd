"""Steering through the API and the command line: what a record says, ids, and what is refused."""

import numpy as np
import pytest

from fretboard.core.analysis import Analysis, analysis_id, sibling_ids
from fretboard.core.model_info import ModelInfo
from fretboard.core.question import AnalysisRequest
from fretboard.core.steer import parse_steering
from tests.support.api_calls import array, finished, post
from tests.support.commands import run_command

ASKED = {"max_new_tokens": 4, "continuation": "the cat is red"}
RED = "red away=blue depths=2 strength=0.5"


def test_a_steered_answer_has_a_record_of_its_own_and_leaves_the_plain_one(client, png):
    plain, _ = finished(client, post(client, png, **ASKED))
    before = array(client, plain, "hidden_states")
    steered, _ = finished(client, post(client, png, **ASKED, steering=RED))
    steering = steered["request"]["steering"]
    assert steering["depths"] == [2]
    assert steering["summary"] == "steered from blue to red at depth 2, strength 0.5"
    longer = RED + " direction=unembedding at=answer"
    assert post(client, png, **ASKED, steering=longer).json()["id"] == steered["id"]
    states = array(client, steered, "hidden_states")
    np.testing.assert_array_equal(states[:2], before[:2])
    sizes = np.linalg.norm(states[2] - before[2], axis=-1) / np.linalg.norm(before[2], axis=-1)
    np.testing.assert_allclose(sizes, 0.5, atol=1e-5)
    client.delete(f"/api/analyses/{plain['id']}")
    again, _ = finished(client, post(client, png, **ASKED))
    assert again["id"] == plain["id"]
    np.testing.assert_array_equal(array(client, again, "hidden_states"), before)


def test_the_sentence_about_the_steering_makes_no_other_id():
    model = ModelInfo(name="m", revision="r", family="f", layers=4, width=8, vocabulary=16)
    asked = AnalysisRequest(
        prompt="p", model="m", steering=parse_steering("red away=blue depths=2")
    )
    assert (
        analysis_id(asked, model) == "926cdbb170d52fc57b9c20b6cc2be0a8"
    )  # as before it was served


def test_siblings_keep_the_steering(client, png):
    steered, _ = finished(client, post(client, png, **ASKED, steering="red"))
    analysis = Analysis.model_validate(steered)
    assert analysis.request.steering.depths == (2,)  # the middle of four layers
    raw, _ = finished(client, post(client, png, **ASKED, steering="red", lens="raw"))
    assert raw["id"] in sibling_ids(analysis)


@pytest.mark.parametrize(
    ("steering", "says"),
    [
        ("red depths=5", "There is no depth 5; the model has 0 to 4"),
        ("red strength=nan", "strength: input should be a finite number"),
        ("red swap=blue depths=1-2", "undoes itself"),
        ("red at=nowhere", "at: input should be 'answer', 'prompt', 'image' or 'all'"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_to_do(client, png, steering, says):
    response = post(client, png, steering=steering)
    assert response.status_code == 422
    assert says in response.json()["detail"]


@pytest.mark.parametrize(
    ("steering", "says"),
    [
        ("xqzzyv", "is not in this model's vocabulary"),
        ("red direction=jacobian", "fretboard lens fit"),
    ],
)
def test_what_the_model_lacks_fails_in_a_sentence(client, png, steering, says):
    document, _ = finished(client, post(client, png, **ASKED, steering=steering))
    assert document["status"] == "failed"
    assert says in document["error"]["detail"]


def test_the_command_line_steers_and_the_folder_says_it(checkpoint_folder, tmp_path, png):
    (tmp_path / "x.png").write_bytes(png)
    asked = ["analyze", tmp_path / "x.png", "-p", "what ?", "--max-new-tokens", "2"]
    asked += ["--steering", "red swap=blue depths=1", "-o", tmp_path / "out"]
    done = run_command(*asked, FRETBOARD_MODEL=str(checkpoint_folder))
    assert done.exit_code == 0, done.output
    document = Analysis.model_validate_json((tmp_path / "out" / "analysis.json").read_bytes())
    assert document.request.steering.summary == "swapped red and blue at depth 1"
