"""Skipped layers through the API: when, which, and that runs do not see each other's skips."""

import json
import threading
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

import fretboard
from fretboard.analysis.skip_presets import preset_layers
from fretboard.core.analysis import Analysis, Status, analysis_id
from fretboard.core.errors import InputError
from fretboard.core.question import SkipWhen
from fretboard.model import generation
from tests.support.api_calls import PROMPT, array, finished, post
from tests.support.commands import run_command

EXAMPLES = Path(fretboard.__file__).parent / "store" / "examples" / "analyses"


@pytest.mark.parametrize("folder", sorted(EXAMPLES.iterdir()), ids=lambda folder: folder.name)
def test_a_request_from_before_a_field_was_there_keeps_its_id(folder):
    """Skips after the prompt, repairs, steering and private requests came later."""
    document = json.loads((folder / "analysis.json").read_bytes())
    for later in ("skip_when", "salt", "repair", "steering"):
        document["request"].pop(later, None)
    analysis = Analysis.model_validate(document)
    assert analysis_id(analysis.request, analysis.model) == folder.name
    other = analysis.request.model_copy(update={"skip_when": SkipWhen.DECODE})
    assert analysis_id(other, analysis.model) != folder.name


def test_after_the_prompt_alone_the_first_token_is_the_plain_ones(client, png):
    asked = {"max_new_tokens": 5, "continuation": "the cat is red"}
    plain, _ = finished(client, post(client, png, **asked))
    always, _ = finished(client, post(client, png, **asked, skip_layers="1-2"))
    late, _ = finished(client, post(client, png, **asked, skip_layers="1-2", skip_when="decode"))
    assert late["request"]["skip_when"] == "decode"
    assert len({plain["id"], always["id"], late["id"]}) == 3
    states = {d["id"]: array(client, d, "hidden_states") for d in (plain, always, late)}
    np.testing.assert_array_equal(states[late["id"]][:, 0], states[plain["id"]][:, 0])
    assert not np.array_equal(states[always["id"]][:, 0], states[plain["id"]][:, 0])
    for depth in (1, 2):
        np.testing.assert_array_equal(
            states[late["id"]][depth, 1:], states[late["id"]][depth + 1, 1:]
        )


def test_when_is_nothing_without_a_layer(client, png):
    plain, _ = finished(client, post(client, png, max_new_tokens=3))
    assert post(client, png, max_new_tokens=3, skip_when="decode").json()["id"] == plain["id"]


def test_runs_sent_at_once_do_not_see_each_others_skips(client, png, monkeypatch):
    """One generation at a time holds the model; what each gives is what it gives alone."""
    inside, most = [], []
    real = generation.generate_together

    def watched(*args, **kwargs):
        inside.append(threading.get_ident())
        most.append(len(inside))
        try:
            return real(*args, **kwargs)
        finally:
            inside.pop()

    monkeypatch.setattr("fretboard.engine.analyze.generate_together", watched)
    skips = ["", "0", "1-2", "3", "0,2"]
    asked = {"max_new_tokens": 12, "continuation": "the cat is red"}
    sent = [post(client, png, **asked, skip_layers=skip) for skip in skips]  # none is awaited
    together = [finished(client, response)[0] for response in sent]
    assert most == [1] * len(skips)
    before = [array(client, document, "hidden_states") for document in together]
    for document, skip, states in zip(together, skips, before, strict=True):
        client.delete(f"/api/analyses/{document['id']}")
        alone, _ = finished(client, post(client, png, **asked, skip_layers=skip))
        assert alone["id"] == document["id"]
        np.testing.assert_array_equal(array(client, alone, "hidden_states"), states)


def test_a_preset_is_shown_as_its_set_and_posted_by_name(client, png):
    plain, _ = finished(client, post(client, png, max_new_tokens=8))
    stages = {"critical_depth": 1}  # given: a random model may show none
    url = f"/api/analyses/{plain['id']}/presets"
    shown = client.get(url, params=stages).json()
    assert [entry["preset"] for entry in shown] == ["skip.1", "skip.2", "skip.3"]
    staged = Analysis.model_validate(
        client.get(f"/api/analyses/{plain['id']}", params=stages).json()
    )
    assert [(tuple(entry["layers"]), entry["reason"]) for entry in shown] == [
        became(entry["preset"], staged) for entry in shown
    ]
    # Four layers: the last still runs, layers 1 and 2 come after depth 1.
    assert shown[2]["layers"] == [1, 2]
    assert client.get(url, params={"critical_depth": 2}).json()[2]["layers"] == [2]
    by_name = ask(client, png, stages, skip_layers="skip.3", preset_of=plain["id"])
    by_layers = ask(client, png, {}, skip_layers="1-2")
    assert by_name.json()["id"] == by_layers.json()["id"]
    skipped, _ = finished(client, by_name)
    assert skipped["request"]["skip_layers"] == [1, 2]


def became(preset, analysis):
    try:
        return preset_layers(preset, analysis), None
    except InputError as error:
        return (), error.detail


def ask(client, png, stages, **fields):
    data = {"prompt": PROMPT, "max_new_tokens": 8} | fields
    return client.post("/api/analyses", params=stages, data=data, files={"image": ("x", png)})


def test_a_preset_without_its_analysis_is_refused(client, png):
    plain, _ = finished(client, post(client, png, max_new_tokens=3))
    alone = ask(client, png, {}, skip_layers="skip.1")
    assert (alone.status_code, "give preset_of" in alone.json()["detail"]) == (422, True)
    other = ask(client, png, {}, skip_layers="1", preset_of=plain["id"])
    assert (other.status_code, "choose skip.1" in other.json()["detail"]) == (422, True)
    unknown = ask(client, png, {}, skip_layers="skip.1", preset_of="0" * 32)
    assert (unknown.status_code, "no analysis" in unknown.json()["detail"]) == (422, True)
    # No layer lies between depth 3 and the last of four layers.
    empty = ask(client, png, {"critical_depth": 3}, skip_layers="skip.3", preset_of=plain["id"])
    assert (empty.status_code, "would skip no layer" in empty.json()["detail"]) == (422, True)


def test_presets_wait_for_the_end(client, services, png):
    made, _ = finished(client, post(client, png, max_new_tokens=3))
    document = services.store.read(made["id"])
    running = document.model_copy(update={"id": "a" * 32, "status": Status.RUNNING})
    services.store.write(running)
    answer = client.get(f"/api/analyses/{running.id}/presets")
    assert (answer.status_code, "is running" in answer.json()["detail"]) == (409, True)


def test_the_command_answers_plainly_first_and_names_the_set(checkpoint_folder, png, tmp_path):
    (tmp_path / "x.png").write_bytes(png)
    arguments = [
        "analyze", str(tmp_path / "x.png"), "-p", PROMPT, "-o", str(tmp_path / "out"),
        "--max-new-tokens", "4", "--threshold", "critical_depth=1", "--skip-preset", "skip.3",
    ]  # fmt: skip
    done = run_command(*arguments, FRETBOARD_MODEL=str(checkpoint_folder))
    assert done.exit_code == 0, done.output
    assert "skip.3 = layers 1, 2:" in done.output
    requests = [
        json.loads((tmp_path / "out" / folder / "analysis.json").read_text())["request"]
        for folder in ("plain", ".")
    ]
    assert [request["skip_layers"] for request in requests] == [[], [1, 2]]
    states = load_file(tmp_path / "out" / "hidden_states.safetensors")["hidden_states"]
    np.testing.assert_array_equal(states[1], states[3])


def test_the_command_takes_one_way_to_name_layers(tmp_path):
    arguments = ["analyze", "-p", "x", "--skip-layers", "1", "--skip-preset", "skip.1"]
    done = run_command(*arguments, "-o", tmp_path)
    assert done.exit_code == 1
    assert "exclude each other" in done.output
