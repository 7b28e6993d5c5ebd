"""`fretboard experiment` end to end on a tiny checkpoint: records, figures, resuming, refusals."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.numpy import load_file

from fretboard.core.causal_test import Kind
from fretboard.core.errors import InputError, UnknownWord
from fretboard.core.question import Question
from fretboard.engine.causal import run as causal
from fretboard.engine.causal.attribution import attribution
from fretboard.engine.causal.forced import answer
from fretboard.engine.session import Session
from fretboard.model.checkpoint import load
from fretboard.model.inputs import build_inputs
from fretboard.studies.causal import CausalTestRun
from tests.support.commands import run_command
from tests.support.images import encode
from tests.support.settings import make_settings

SHAPES = {
    Kind.KNOCKOUT: {"effect": (4, 3), "plain": (3,)},
    Kind.PATCHING: {
        "log_probability": (5, 4, 3), "recovered": (5, 4, 3), "donor": (3,), "base": (3,),
    },
    Kind.ATTRIBUTION: {
        "embeddings": (3,), "attention": (4, 3), "mlp": (4, 3), "constant": (3,), "whole": (3,),
        "rival": (3,),
    },
    Kind.CUT: {"log_probability": (5, 3)},
    Kind.SALIENCY: {
        "attention": (4, 9, 3), "rollout": (4, 9, 3), "relevance": (4, 9, 3), "ablation": (9, 3),
        "activation": (9, 3), "rectangles": (9, 4), "picture": (30, 40, 3),
    },
}  # fmt: skip


@pytest.fixture
def picture(tmp_path, random_image):
    path = tmp_path / "noise.png"
    path.write_bytes(encode(random_image, "PNG"))
    return path


@pytest.fixture
def make_run(checkpoint_folder, tmp_path):
    def make(kind, continuation=None, **more):
        settings = make_settings(checkpoint_folder, tmp_path / "store")
        session = Session.open(settings, tmp_path / "out")
        question = Question(prompt="what is red", max_new_tokens=3, continuation=continuation)
        return CausalTestRun(session, question, kind, **more)

    return make


@pytest.fixture
def measured(monkeypatch):
    """Ids of the tests that the model was run for."""
    ids, run = [], causal.measure

    def counting(checkpoint, vocabulary, test, *rest):
        ids.append(test.id)
        return run(checkpoint, vocabulary, test, *rest)

    monkeypatch.setattr(causal, "measure", counting)
    return ids


def folders(tmp_path):
    return sorted(path.parent for path in tmp_path.glob("out/experiments/*/experiment.json"))


@pytest.mark.parametrize("kind", Kind)
def test_an_experiment_leaves_a_record_and_a_figure_and_is_not_run_twice(
    kind, make_run, picture, tmp_path, measured
):
    first = make_run(kind)
    (line,) = first.run((picture,))
    (folder,) = folders(tmp_path)
    document = json.loads((folder / "experiment.json").read_text())
    arrays = load_file(folder / "arrays.safetensors")
    place, sentence = line.splitlines()
    assert place.endswith(str(folder / f"{kind}.html"))
    assert sentence.strip().endswith(".")
    assert {name: value.shape for name, value in arrays.items()} == SHAPES[kind]
    assert {str(value.dtype) for value in arrays.values()} <= {"float32", "int32", "uint8"}
    assert len(document["tokens"]) == 3
    assert document["kind"] == kind
    assert document["drift"] < 1e-3
    again = make_run(kind, token=2)
    list(again.run((picture,)))
    assert measured == [document["id"]]
    assert (folder / f"{kind}-2.html").is_file()


def test_what_the_answer_depends_on_makes_another_record(make_run, picture, tmp_path):
    other = tmp_path / "other.png"
    other.write_bytes(encode(Image.new("RGB", (40, 30), "blue"), "PNG"))
    for more in ({}, {"other": other}, {"into_image": True}, {"continuation": "red dog cat"}):
        list(make_run(Kind.PATCHING, **more).run((picture,)))
    assert len(folders(tmp_path)) == 4
    with pytest.raises(InputError, match="rival belongs to attribution"):
        list(make_run(Kind.PATCHING, rival="red").run((picture,)))


def test_a_record_without_its_document_is_made_again(make_run, picture, tmp_path, measured):
    list(make_run(Kind.CUT).run((picture,)))
    (folder,) = folders(tmp_path)
    whole = load_file(folder / "arrays.safetensors")["log_probability"].copy()
    (folder / "experiment.json").unlink()
    list(make_run(Kind.CUT).run((picture,)))
    assert len(measured) == 2
    np.testing.assert_array_equal(
        load_file(folder / "arrays.safetensors")["log_probability"], whole
    )


def test_the_rival_named_is_the_rival_measured(
    make_run, picture, tmp_path, checkpoint_folder, random_image
):
    list(make_run(Kind.ATTRIBUTION, rival="blue").run((picture,)))
    found = load_file(folders(tmp_path)[0] / "arrays.safetensors")
    checkpoint = load(str(checkpoint_folder), None, "cpu", "float32")
    blue = checkpoint.tokenizer.convert_tokens_to_ids("▁blue")
    forced = answer(checkpoint, build_inputs(checkpoint, "what is red", random_image, None), 3)
    expected = attribution(forced, rival=blue)[0]
    assert set(found["rival"]) == {blue}
    torch.testing.assert_close(torch.tensor(found["whole"]), torch.tensor(expected["whole"]))


def test_bad_requests_are_told(make_run, picture, tmp_path):
    cases = [
        (make_run(Kind.CUT, token=7), InputError, "tokens 0 to 2"),
        (make_run(Kind.ATTRIBUTION, rival="§§§"), UnknownWord, "§§§"),
        (make_run(Kind.PATCHING, other=tmp_path / "none.png"), InputError, "cannot be read"),
    ]
    for run, error, words in cases:
        with pytest.raises(error, match=words):
            list(run.run((picture,)))


def test_the_command_line_parses_and_runs(checkpoint_folder, tmp_path, picture):
    call = ["experiment", "cut", str(picture), "-p", "what is red", "-o", str(tmp_path / "out")]
    done = run_command(
        *call, "--max-new-tokens", 3, "--theme", "dark", FRETBOARD_MODEL=str(checkpoint_folder)
    )
    assert done.exit_code == 0, done.output
    assert len(folders(tmp_path)) == 1
    wrong = run_command("experiment", "magic", *call[2:])
    assert wrong.exit_code != 0
    assert all(kind in wrong.output for kind in Kind)
