"""Repairs through the API and the command line: what they become, ids, and what is refused."""

import json

import pytest

from fretboard.core.analysis import Analysis, sibling_ids
from fretboard.core.repair import ABOUT, Repair, RepairKind, parse_repair
from tests.support.api_calls import finished, post
from tests.support.commands import run_command


def test_the_choices_are_told_with_paper_and_settings_and_can_be_sent_back(client, png):
    choices = client.get("/api/repairs").json()
    assert [choice["kind"] for choice in choices] == list(ABOUT)
    plain, _ = finished(client, post(client, png, max_new_tokens=3))
    ids = {plain["id"]}
    for choice in choices:
        assert choice["url"].startswith("https://arxiv.org/abs/")
        told, _ = finished(client, post(client, png, max_new_tokens=3, repair=choice["text"]))
        short = post(client, png, max_new_tokens=3, repair=choice["kind"])
        assert short.json()["id"] == told["id"]  # the defaults, named or not
        assert told["request"]["repair"] == told["repair"]
        assert str(Repair.model_validate(told["repair"])) == choice["text"]
        ids.add(told["id"])
    assert plain["repair"] is None
    assert len(ids) == 1 + len(choices)


def test_siblings_keep_the_repair(client, png):
    told, _ = finished(client, post(client, png, max_new_tokens=3, repair="deco"))
    analysis = Analysis.model_validate(told)
    raw, _ = finished(client, post(client, png, max_new_tokens=3, repair="deco", lens="raw"))
    assert raw["id"] in sibling_ids(analysis)
    assert raw["repair"] == told["repair"]
    assert [t["id"] for t in raw["tokens"]] == [t["id"] for t in told["tokens"]]


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"repair": "magic"}, "no repair 'magic'; choose none, dola"),
        ({"repair": "dola strength=2"}, "dola has no strength; it has plausibility, depths"),
        ({"repair": "deco strength"}, "write NAME=VALUE: strength"),
        ({"repair": "deco strength=-1"}, "strength: input should be greater than or equal to 0"),
        ({"repair": "deco strength=nan"}, "strength: input should be"),
        ({"repair": "fade layers=2-9"}, "layers has 4; the model has 0 to 3"),
        ({"repair": "skip-on-reversal", "skip_layers": "1"}, "leave out skip_layers"),
        ({"repair": "vcd", "continuation": "the cat"}, "a continuation gives them"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_to_do(client, png, asked, says):
    response = post(client, png, max_new_tokens=3, **asked)
    assert response.status_code == 422
    assert says in response.json()["detail"]


def test_vcd_without_an_image_is_refused(client):
    response = client.post("/api/analyses", data={"prompt": "what ?", "repair": "vcd"})
    assert (response.status_code, "send an image" in response.json()["detail"]) == (422, True)


def test_the_command_line_decodes_with_a_repair(tmp_path, png, checkpoint_folder):
    (tmp_path / "x.png").write_bytes(png)
    asked = ["analyze", str(tmp_path / "x.png"), "-p", "what ?", "--max-new-tokens", "3"]
    asked += ["--repair", "fade factor=0.25 layers=1", "-o", str(tmp_path / "out")]
    result = run_command(*asked, FRETBOARD_MODEL=str(checkpoint_folder))
    assert result.exit_code == 0, result.output
    told = json.loads((tmp_path / "out" / "analysis.json").read_text())
    assert told["repair"]["layers"] == [1]
    assert told["repair"]["factor"] == 0.25


@pytest.mark.parametrize("kind", ABOUT)
def test_settings_scale_to_the_layers_and_read_back(kind):
    for layers in (2, 12, 32, 80):
        repair = parse_repair(kind.value, layers)
        assert parse_repair(str(repair), layers) == repair
        assert all(0 <= index < layers for index in (*repair.depths, *repair.layers))
    assert parse_repair("", 4) == Repair(kind=RepairKind.NONE)
