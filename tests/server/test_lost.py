"""A record that lost a part says which, and comes back by running it again."""

from pathlib import Path

import pytest

from tests.support.api_calls import array, finished, post


@pytest.fixture
def folder(services, client, png):
    """A finished analysis, and the folder of its record."""
    document, _ = finished(client, post(client, png, max_new_tokens="4"))
    return document, Path(services.settings.store_url) / "analyses" / document["id"]


def test_lost_parts_are_named_and_come_back(services, client, folder):
    document, record = folder
    url = f"/api/analyses/{document['id']}"
    before = array(client, document, "jsd")
    assert client.get(f"{url}/missing").json() == {"missing": [], "again": True}
    assert client.post(f"{url}/again").status_code == 200
    (record / "arrays.safetensors").unlink()
    (record / "hidden_states.safetensors").unlink()
    services.cache.drop(document["id"])
    told = client.get(f"{url}/missing").json()
    assert told == {"missing": ["arrays", "hidden_states"], "again": True}
    for name, part in (("jsd", "arrays"), ("hidden_states", "hidden states")):
        lost = client.get(f"{url}/arrays/{name}")
        assert lost.status_code == 410
        assert part in lost.json()["detail"]
        assert f"{url}/again" in lost.json()["detail"]
    assert client.get(f"{url}/arrays/jsd?lens=raw").status_code == 410  # the worker says so
    again = client.post(f"{url}/again")
    assert again.status_code == 202
    fresh, _ = finished(client, again)
    assert fresh["tokens"] == document["tokens"]
    assert (array(client, document, "jsd") == before).all()


def test_without_its_image_it_needs_the_image(services, client, folder, png):
    document, record = folder
    url = f"/api/analyses/{document['id']}"
    for part in ("arrays.safetensors", "image.png"):
        (record / part).unlink()
    services.cache.drop(document["id"])
    assert client.get(f"{url}/missing").json() == {"missing": ["image", "arrays"], "again": False}
    refused = client.post(f"{url}/again")
    assert refused.status_code == 410
    assert "same image" in refused.json()["detail"]
    asked = post(client, png, max_new_tokens="4")
    assert (asked.status_code, asked.json()["id"]) == (202, document["id"])
    finished(client, asked)
    assert client.get(f"{url}/missing").json() == {"missing": [], "again": True}


def test_another_lens_does_without_the_lost_states_of_its_sibling(client, folder, png):
    document, record = folder
    (record / "hidden_states.safetensors").unlink()
    raw, _ = finished(client, post(client, png, max_new_tokens="4", lens="raw"))
    assert raw["status"] == "done"
    assert [token["id"] for token in raw["tokens"]] == [t["id"] for t in document["tokens"]]


def test_an_unknown_record_is_not_found(client):
    for call in (client.get("/api/analyses/beef/missing"), client.post("/api/analyses/beef/again")):
        assert call.status_code == 404
