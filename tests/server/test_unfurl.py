"""Links that unfurl: the tags of a finished analysis, and its preview image."""

import html
import io
import re
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from PIL import Image
from pydantic import SecretStr

from fretboard.figures.preview import SIZE
from fretboard.server import page
from fretboard.server.app import create_app
from fretboard.server.unfurl import LONGEST
from tests.support.api_calls import finished, post

PROMPT = 'what is <the> "cat" & dog ?'


@pytest.fixture(autouse=True)
def built_page(tmp_path, monkeypatch):
    monkeypatch.setattr(page, "STATIC", tmp_path)
    (tmp_path / "index.html").write_text("<html><head><title>x</title></head></html>")


@pytest.fixture
def answered(client, png):
    return finished(client, post(client, png, prompt=PROMPT, max_new_tokens=4))[0]


def tags(text):
    pairs = re.findall(r'<meta (?:property|name)="([^"]+)" content="([^"]*)"', text)
    return {name: html.unescape(value) for name, value in pairs}


def test_a_finished_analysis_has_its_question_answer_and_picture(client, answered):
    told = tags(client.get(f"/a/{answered['id']}?token=1").text)
    assert told["og:title"] == f"“{PROMPT}”"
    assert answered["answer"][:20] in told["og:description"]
    assert told["og:url"].endswith(f"/a/{answered['id']}")
    picture = client.get(told["og:image"].removeprefix(str(client.base_url)))
    assert picture.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(picture.content)).size == SIZE


def test_a_comparison_has_both_answers(client, png, answered):
    other = finished(client, post(client, png, prompt="what ?", max_new_tokens=3))[0]
    said = tags(client.get(f"/compare/{answered['id']}/{other['id']}").text)
    assert "A: " in said["og:description"]
    assert "B: " in said["og:description"]
    assert said["og:url"].endswith(f"/compare/{answered['id']}/{other['id']}")


def test_an_image_set_has_its_words_and_pictures(client, png, answered):
    other = finished(client, post(client, png, prompt=PROMPT, max_new_tokens=3))[0]
    fields = {"analysis": [answered["id"], other["id"]], "prompt": PROMPT, "token": "0"}
    image_set = client.post("/api/trajectories", data=fields).json()
    said = tags(client.get(f"/t/{image_set['id']}").text)
    assert said["og:title"] == f"“{PROMPT}”"
    assert "2 images" in said["og:description"]
    picture = client.get(said["og:image"].removeprefix(str(client.base_url)))
    assert Image.open(io.BytesIO(picture.content)).size == SIZE


def test_a_causal_test_has_its_finding_beside_its_own_analysis_alone(client, png, answered):
    fields = {"analysis": answered["id"], "kind": "cut"}
    test = client.post("/api/experiments", data=fields).json()["id"]
    client.get(f"/api/experiments/{test}/events")  # to the end
    finding = client.get(f"/api/experiments/{test}/finding").json()
    said = tags(client.get(f"/a/{answered['id']}?test={test}").text)
    assert said["og:title"].endswith(f": “{PROMPT}”")
    assert said["og:description"] == finding["sentence"][:LONGEST]
    other = finished(client, post(client, png, prompt="what ?", max_new_tokens=3))[0]
    foreign = tags(client.get(f"/a/{other['id']}?test={test}").text)
    assert foreign["og:title"] == "“what ?”"


@pytest.mark.parametrize("path", ["/", "/a/0123456789abcdef0123456789abcdef", "/t/0", "/a/%2e%2e"])
def test_other_addresses_are_the_plain_page(client, path):
    response = client.get(path)
    assert response.status_code == 200
    assert tags(response.text) == {}


def test_no_record_is_read_for_a_browser_that_opens_the_page(client, answered):
    headers = {"sec-fetch-dest": "document"}
    assert tags(client.get(f"/a/{answered['id']}", headers=headers).text) == {}


def test_head_is_answered(client, answered):
    assert client.head(f"/a/{answered['id']}").status_code == 200


def test_a_text_only_answer_has_a_picture_too(client):
    response = client.post("/api/analyses", data={"prompt": "what ?", "max_new_tokens": 3})
    analysis = finished(client, response)[0]
    picture = client.get(f"/api/analyses/{analysis['id']}/preview.png")
    assert Image.open(io.BytesIO(picture.content)).size == SIZE


def test_what_only_token_holders_may_read_is_not_told_to_strangers(services, answered):
    closed = services.settings.model_copy(
        update={"read_tokens": SecretStr("a-read-token-of-tests")}
    )
    changed = replace(services, settings=closed)
    with TestClient(create_app(changed, lambda: None)) as stranger:
        assert tags(stranger.get(f"/a/{answered['id']}").text) == {}
        assert stranger.get(f"/api/analyses/{answered['id']}/preview.png").status_code == 401
