"""Damaged records, walked by every route: told lost, made anew when asked again, deleted."""

import itertools
import re
from pathlib import Path

import pytest
from PIL import Image

from fretboard.core.arrays import ARRAYS as CATALOGUE
from tests.support.api_calls import finished, post
from tests.support.damage import ARRAYS, DOCUMENTS, FILES
from tests.support.images import encode

PCA = {"method": "pca"}
# What a route needs besides an id; every value of a list is tried.
FILLED = {
    "token": 0, "depth": 1, "patch": 0, "word": "red", "k": 2, "method": "pca",
    "kind": ["trajectory", "dispersion"],
}  # fmt: skip
NAMES = {
    "/api/analyses/ID/figures/{name}": [
        "fretboard", "competition", "divergence", "profile", "trajectory",
    ],
    "/api/analyses/ID/arrays/{name}": list(CATALOGUE),
    "/api/trajectories/ID/figures/{name}": ["trajectory", "dispersion"],
    "/api/trajectories/ID/arrays/{name}": ["hidden_states", "points", "profile"],
    "/api/experiments/ID/arrays/{name}": ["log_probability"],
}  # fmt: skip
FORMATS = ["zip", "html", "ipynb"]  # a BibTeX entry needs no record


@pytest.fixture
def picture(rng):
    def make() -> bytes:
        return encode(Image.fromarray(rng.integers(0, 255, (30, 40, 3), "uint8")), "PNG")

    return make


@pytest.fixture
def known(client, services, picture):
    """An analysis with an image, a set and a causal test of it: (documents, their folders)."""
    image = picture()
    analysis, _ = finished(client, post(client, image, max_new_tokens="3"))
    other, _ = finished(client, post(client, picture(), max_new_tokens="3"))
    asked = {"token": "0", "analysis": [analysis["id"], other["id"]]}
    image_set = client.post("/api/trajectories", data=asked).json()["id"]
    asked = {"analysis": analysis["id"], "kind": "cut"}
    test = client.post("/api/experiments", data=asked).json()["id"]
    client.get(f"/api/experiments/{test}/events")
    store = Path(services.settings.store_url)
    ids = {"analyses": analysis["id"], "trajectories": image_set, "experiments": test}
    places = {"analyses": "analyses", "trajectories": "sets", "experiments": "experiments"}
    folders = {kind: store / places[kind] / record for kind, record in ids.items()}
    yield ids, folders, image
    services.cache.drop(analysis["id"])
    for kind, record in [*ids.items(), ("analyses", other["id"])]:
        client.delete(f"/api/{kind}/{record}")


def requests(client, kind, record_id):
    """(method, path, query) of every route below a record that reads, as the document has them."""
    for path, methods in client.app.openapi()["paths"].items():
        if not path.startswith(f"/api/{kind}/{{") or "get" not in methods:
            continue
        parameters = methods["get"].get("parameters", [])
        query = {p["name"]: FILLED[p["name"]] for p in parameters if p["name"] in FILLED}
        query |= {"token": 0} if "token" in query else {}
        kinds = FORMATS if path.endswith("export.{kind}") else query.pop("kind", [""])
        for name, map_kind in itertools.product(
            NAMES.get(re.sub(r"\{(?!name)\w+\}", "ID", path), [""]), kinds
        ):
            place = path.replace("{name}", name).replace("{kind}", map_kind)
            yield re.sub(r"\{\w+\}", record_id, place), query


def walk(client, kind, record_id):
    """Status of every reading route of the record; none may be a fault of the server."""
    told = {}
    for place, query in requests(client, kind, record_id):
        answer = client.get(place, params=query)
        assert answer.status_code < 500, (place, answer.text)
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["detail"]
        told[place] = answer.status_code
    assert len(told) > 3
    return told


@pytest.mark.parametrize("damage", DOCUMENTS)
def test_a_damaged_analysis_is_lost_and_comes_back(client, services, known, damage):
    ids, folders, image = known
    DOCUMENTS[damage](folders["analyses"] / "analysis.json")
    services.cache.drop(ids["analyses"])
    url = f"/api/analyses/{ids['analyses']}"
    statuses = walk(client, "analyses", ids["analyses"])
    assert statuses.pop(f"{url}/image") in (200, 404)  # a file of its own
    assert set(statuses.values()) == {410}
    assert "damaged" in client.get(url).json()["detail"]
    for action in ("again", "cancel"):
        assert client.post(f"{url}/{action}").status_code == 410
    for asked in ("trajectories", "experiments"):
        data = {"analysis": [ids["analyses"]] * 2, "token": "0", "kind": "cut"}
        data["analysis"] = data["analysis"] if asked == "trajectories" else ids["analyses"]
        assert client.post(f"/api/{asked}", data=data).status_code == 410
    assert not [status for status in walk(client, "trajectories", ids["trajectories"]).values()
                if status in (404, 410)]  # fmt: skip
    told = client.get(f"/api/trajectories/{ids['trajectories']}").json()
    assert [member["status"] for member in told["members"]] == ["failed", "done"]
    assert ids["analyses"] not in [one.id for one in services.unfinished()]

    again = post(client, image, max_new_tokens="3")
    assert (again.status_code, again.json()["id"]) == (202, ids["analyses"])
    document, _ = finished(client, again)
    assert document["status"] == "done"
    assert set(walk(client, "analyses", ids["analyses"]).values()) == {200}


@pytest.mark.parametrize("damage", DOCUMENTS)
@pytest.mark.parametrize("kind", ["analyses", "trajectories", "experiments"])
def test_a_damaged_record_can_be_deleted(client, known, kind, damage):
    ids, folders, _ = known
    names = {"analyses": "analysis", "trajectories": "set", "experiments": "experiment"}
    DOCUMENTS[damage](folders[kind] / f"{names[kind]}.json")
    url = f"/api/{kind}/{ids[kind]}"
    assert client.get(url).status_code == 410
    assert client.delete(url).status_code == 204
    assert not folders[kind].exists()
    if kind == "analyses":
        assert not folders["experiments"].exists()
    assert client.get(url).status_code == client.delete(url).status_code == 404


@pytest.mark.parametrize("damage", DOCUMENTS)
def test_a_damaged_set_is_lost_and_comes_back(client, known, damage):
    ids, folders, _ = known
    members = client.get(f"/api/trajectories/{ids['trajectories']}").json()["members"]
    DOCUMENTS[damage](folders["trajectories"] / "set.json")
    assert set(walk(client, "trajectories", ids["trajectories"]).values()) == {410}
    asked = {"token": "0", "analysis": [member["analysis_id"] for member in members]}
    again = client.post("/api/trajectories", data=asked)
    assert (again.status_code, again.json()["id"]) == (202, ids["trajectories"])
    assert set(walk(client, "trajectories", ids["trajectories"]).values()) == {200}


@pytest.mark.parametrize("damage", DOCUMENTS)
def test_a_damaged_test_is_lost_and_comes_back(client, known, damage):
    ids, folders, _ = known
    listing = f"/api/analyses/{ids['analyses']}/experiments"
    assert len(client.get(listing).json()) == 1
    DOCUMENTS[damage](folders["experiments"] / "experiment.json")
    assert set(walk(client, "experiments", ids["experiments"]).values()) <= {410, 404}
    assert client.get(f"/api/experiments/{ids['experiments']}").status_code == 410
    assert client.get(listing).json() == []
    check_runs_again(client, ids)


def check_runs_again(client, ids):
    again = client.post("/api/experiments", data={"analysis": ids["analyses"], "kind": "cut"})
    assert (again.status_code, again.json()["id"]) == (202, ids["experiments"])
    client.get(f"/api/experiments/{ids['experiments']}/events")
    statuses = walk(client, "experiments", ids["experiments"])
    assert statuses.pop(f"/api/experiments/{ids['experiments']}/other") == 404  # it has none
    assert set(statuses.values()) == {200}


@pytest.mark.parametrize("damage", FILES | {"missing": Path.unlink})
def test_lost_results_of_a_test_are_made_anew(client, known, damage):
    ids, folders, _ = known
    ARRAYS[damage](folders["experiments"] / "arrays.safetensors")
    url = f"/api/experiments/{ids['experiments']}"
    assert client.get(url).json()["status"] == "done"
    for view in ("arrays/log_probability", "figure", "finding"):
        lost = client.get(f"{url}/{view}")
        assert (lost.status_code, "again" in lost.json()["detail"]) == (410, True)
    check_runs_again(client, ids)


@pytest.mark.parametrize("damage", ARRAYS)
@pytest.mark.parametrize("part", ["arrays", "hidden_states"])
def test_damaged_arrays_are_named_and_made_anew(client, services, known, part, damage):
    ids, folders, image = known
    url = f"/api/analyses/{ids['analyses']}"
    file = folders["analyses"] / f"{part}.safetensors"
    before = file.read_bytes()
    ARRAYS[damage](file)
    services.cache.drop(ids["analyses"])
    assert client.get(f"{url}/missing").json() == {"missing": [part], "again": True}
    answers = [client.get(f"{url}/arrays/{name}") for name in CATALOGUE]
    lost = [answer.json()["detail"] for answer in answers if answer.status_code == 410]
    assert lost  # of a file that is cut off, what lies before the cut can be read
    assert all(f"{url}/again" in detail for detail in lost)
    assert set(walk(client, "analyses", ids["analyses"]).values()) <= {200, 410}
    walk(client, "trajectories", ids["trajectories"])
    again = post(client, image, max_new_tokens="3")
    assert again.status_code == 202
    finished(client, again)
    assert client.get(f"{url}/missing").json()["missing"] == []
    assert file.read_bytes() == before


@pytest.mark.parametrize("damage", FILES)
def test_a_damaged_image_is_lost_with_what_to_do(client, known, damage):
    ids, folders, image = known
    url = f"/api/analyses/{ids['analyses']}"
    FILES[damage](folders["analyses"] / "image.png")
    assert client.get(f"{url}/missing").json() == {"missing": ["image"], "again": False}
    assert client.get(f"{url}/image").status_code in (404, 410)
    assert set(walk(client, "analyses", ids["analyses"]).values()) <= {200, 404, 410}
    assert post(client, image, max_new_tokens="3").status_code == 200  # and the image is back
    assert client.get(f"{url}/missing").json()["missing"] == []
    assert client.get(f"{url}/image").status_code == 200


@pytest.mark.parametrize("damage", FILES)
def test_damaged_derived_arrays_are_computed_again(client, services, known, damage):
    ids, folders, _ = known
    for kind in ("analyses", "trajectories"):
        url = f"/api/{kind}/{ids[kind]}/figures/trajectory"
        before = client.get(url, params=PCA)
        kept = list((folders[kind] / "derived").glob("trajectory*"))
        assert (before.status_code, len(kept)) == (200, 1)
        FILES[damage](kept[0])
        services.cache.drop(ids[kind])
        after = client.get(url, params=PCA)
        assert after.json()["data"] == before.json()["data"]
