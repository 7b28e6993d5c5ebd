"""Damaged records, walked by every route: told lost, made anew when asked again, deleted."""

import shutil
from pathlib import Path

import pytest
from PIL import Image

from fretboard.core.arrays import ARRAYS as CATALOGUE
from tests.support.api_calls import finished, post
from tests.support.damage import ARRAYS, DOCUMENTS, FILES
from tests.support.images import encode
from tests.support.random_data import fresh
from tests.support.walks import walk

PCA = {"method": "pca"}
ASKED = {"max_new_tokens": "3"}


@pytest.fixture(scope="module")
def kept(client, services, tmp_path_factory):
    """An analysis with an image, a set and a causal test of it: (ids, folders, copy, image)."""
    image, other = (
        encode(Image.fromarray(fresh().integers(0, 255, (30, 40, 3), "uint8")), "PNG")
        for _ in range(2)
    )
    analysis, _ = finished(client, post(client, image, **ASKED))
    second, _ = finished(client, post(client, other, **ASKED))
    asked = {"token": "0", "analysis": [analysis["id"], second["id"]]}
    image_set = client.post("/api/trajectories", data=asked).json()["id"]
    asked = {"analysis": analysis["id"], "kind": "cut"}
    test = client.post("/api/experiments", data=asked).json()["id"]
    client.get(f"/api/experiments/{test}/events")
    store = Path(services.settings.store_url)
    ids = {"analyses": analysis["id"], "trajectories": image_set, "experiments": test}
    places = {"analyses": "analyses", "trajectories": "sets", "experiments": "experiments"}
    folders = {kind: store / places[kind] / record for kind, record in ids.items()}
    copies = tmp_path_factory.mktemp("copies")
    for kind, folder in folders.items():
        shutil.copytree(folder, copies / kind)
    yield ids, folders, copies, image
    for kind, record in [*ids.items(), ("analyses", second["id"])]:
        client.delete(f"/api/{kind}/{record}")


@pytest.fixture
def known(services, kept):
    """The records' ids and folders, and the image; whole again after the test."""
    ids, folders, copies, image = kept
    yield ids, folders, image
    for kind, folder in folders.items():
        remove(folder)
        shutil.copytree(copies / kind, folder)
        services.cache.drop(ids[kind])


def remove(path: Path) -> None:
    """A folder, or what a test put in its place."""
    if path.is_file():
        path.unlink()
    else:
        shutil.rmtree(path, ignore_errors=True)


def arrays(folder):
    """What the routes read beside the document."""
    return {path.name: path.read_bytes() for path in folder.glob("*.safetensors")}


@pytest.mark.parametrize("damage", DOCUMENTS)
def test_a_damaged_analysis_is_lost_and_comes_back(client, services, known, damage):
    ids, folders, image = known
    before = arrays(folders["analyses"])
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

    again = post(client, image, **ASKED)
    assert (again.status_code, again.json()["id"]) == (202, ids["analyses"])
    document, _ = finished(client, again)
    assert document["status"] == "done"
    assert arrays(folders["analyses"]) == before
    assert len(before) > 1


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
    before = arrays(folders["experiments"])
    DOCUMENTS[damage](folders["experiments"] / "experiment.json")
    assert set(walk(client, "experiments", ids["experiments"]).values()) <= {410, 404}
    assert client.get(f"/api/experiments/{ids['experiments']}").status_code == 410
    assert client.get(listing).json() == []
    check_runs_again(client, ids)
    assert arrays(folders["experiments"]) == before


def check_runs_again(client, ids):
    again = client.post("/api/experiments", data={"analysis": ids["analyses"], "kind": "cut"})
    assert (again.status_code, again.json()["id"]) == (202, ids["experiments"])
    client.get(f"/api/experiments/{ids['experiments']}/events")


@pytest.mark.parametrize("damage", FILES | {"missing": Path.unlink})
def test_lost_results_of_a_test_are_made_anew(client, known, damage):
    ids, folders, _ = known
    before = arrays(folders["experiments"])
    ARRAYS[damage](folders["experiments"] / "arrays.safetensors")
    url = f"/api/experiments/{ids['experiments']}"
    assert client.get(url).json()["status"] == "done"
    for view in ("arrays/log_probability", "figure", "finding"):
        lost = client.get(f"{url}/{view}")
        assert (lost.status_code, "again" in lost.json()["detail"]) == (410, True)
    check_runs_again(client, ids)
    assert arrays(folders["experiments"]) == before


def test_a_whole_record_answers_every_route(client, known):
    ids, *_ = known
    for kind, record in ids.items():
        statuses = walk(client, kind, record)
        if kind == "experiments":
            assert statuses.pop(f"/api/experiments/{record}/other") == 404  # it has none
        assert set(statuses.values()) == {200}


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
    again = post(client, image, **ASKED)
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
    assert post(client, image, **ASKED).status_code == 200  # and the image is back
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
