"""Image sets: life cycle, alignment, joint maps and dispersion against independent numbers."""

import io
import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from fretboard.core.analysis import Status
from fretboard.server import events
from tests.support.api_calls import PROMPT, finished, post, read_events
from tests.support.images import encode
from tests.support.random_data import fresh

ROLE = "2"


def noise() -> bytes:
    pixels = fresh().integers(0, 255, (20, 20, 3), dtype=np.uint8)
    return encode(Image.fromarray(pixels), "PNG")


def post_set(client, images, **fields):
    files = [("images", (f"{index}.png", data)) for index, data in enumerate(images)]
    data = {"prompt": PROMPT, "token": ROLE, "max_new_tokens": 6} | fields
    return client.post("/api/trajectories", data=data, files=files or None)


def follow(client, response):
    assert response.status_code in (200, 202), response.text
    set_id = response.json()["id"]
    with client.stream("GET", f"/api/trajectories/{set_id}/events") as stream:
        story = list(read_events(stream))
    assert story[-1][0] in ("done", "failed")
    return client.get(f"/api/trajectories/{set_id}").json(), story


@pytest.fixture
def image_set(client):
    made, _ = follow(client, post_set(client, [noise() for _ in range(5)]))
    assert made["status"] == "done"
    return made


@pytest.mark.parametrize("whole", [True, False])
def test_a_member_that_lost_a_part_is_run_again(client, services, whole):
    images = [noise() for _ in range(3)]
    made, _ = follow(client, post_set(client, images))
    place = f"/api/trajectories/{made['id']}"
    assert client.post(f"{place}/cancel").status_code == 409
    assert client.post(f"{place}/again").status_code == 200  # no need to
    member = made["members"][1]["analysis_id"]
    services.store.drop_arrays(member, "arrays")
    again = post_set(client, images) if whole else client.post(f"{place}/again")
    assert again.status_code == 202
    assert follow(client, again)[0] == made
    assert services.store.lost_parts(services.store.read(member)) == []


def test_the_last_image_ends_a_set_at_once(image_set, services, monkeypatch):
    """Its event does, not the next look at all members."""
    monkeypatch.setattr(events, "LOOK_AT_ALL_SECONDS", 1e9)
    last = services.store.read(image_set["members"][-1]["analysis_id"])
    running = last.model_copy(update={"status": Status.RUNNING})
    services.store.write(running)
    story = events.of_set(services, services.sets.read(image_set["id"]))
    assert story.ended() is None
    assert story.ended() is None
    services.store.write(last)
    story.touched(last.id)
    assert story.ended()[-1]["type"] == "done"


def get(client, image_set, path, **params):
    return client.get(f"/api/trajectories/{image_set['id']}{path}", params=params)


def array(client, image_set, name, **params):
    response = get(client, image_set, f"/arrays/{name}", **params)
    assert response.status_code == 200, response.text
    return np.load(io.BytesIO(response.content))


def test_each_image_is_an_ordinary_analysis(client):
    images = [noise() for _ in range(3)]
    response = post_set(client, images)
    assert response.status_code == 202
    assert response.headers["location"] == f"/api/trajectories/{response.json()['id']}"
    made, events = follow(client, response)
    assert events[-2][1] == {"status": "done", "done": 3, "failed": 0, "total": 3}
    for data, member in zip(images, made["members"], strict=True):
        alone = post(client, data, max_new_tokens=6)
        assert alone.status_code == 200  # known already
        assert alone.json()["id"] == member["analysis_id"]
        assert member["token"] == 2
        assert member["word"]
    again = post_set(client, images)
    assert again.status_code == 200
    assert again.json()["id"] == made["id"]


def test_refused_images_are_named_and_the_others_go_on(client):
    good = noise()
    made, events = follow(client, post_set(client, [good, b"no image", noise(), good]))
    assert made["status"] == "done"
    assert [member["status"] for member in made["members"]] == ["done", "failed", "done", "failed"]
    assert "image" in made["members"][1]["error"]["title"].lower()
    assert "same image" in made["members"][3]["error"]["detail"]
    assert events[-2][1]["failed"] == 2


def test_the_joint_map_is_of_the_members_states(client, image_set):
    states = array(client, image_set, "hidden_states")
    for index, member in enumerate(image_set["members"]):
        response = client.get(f"/api/analyses/{member['analysis_id']}/arrays/hidden_states")
        own = np.load(io.BytesIO(response.content))
        np.testing.assert_array_equal(states[:, index], own[:, member["token"]])
    points = array(client, image_set, "points", method="pca", dimensions=3)
    flat = states[1:].reshape(-1, states.shape[-1]).astype(float)
    flat /= np.abs(flat).max(0)
    flat -= flat.mean(0)
    _, sizes, _ = np.linalg.svd(flat, full_matrices=False)
    spread = np.linalg.norm(points.reshape(-1, 3) - points.reshape(-1, 3).mean(0), axis=0)
    np.testing.assert_allclose(spread, sizes[:3], rtol=1e-3)


def test_dispersion_is_one_less_the_mean_cosine(client, image_set):
    states = array(client, image_set, "hidden_states")[1:].astype(float)
    unit = states / np.linalg.norm(states, axis=-1, keepdims=True)
    unit /= np.sqrt((unit**2).mean(1, keepdims=True))
    unit /= np.linalg.norm(unit, axis=-1, keepdims=True)
    cosines = np.einsum("diw,djw->dij", unit, unit)
    pairs = ~np.eye(cosines.shape[1], dtype=bool)
    expected = 1 - cosines[:, pairs].mean(1)
    np.testing.assert_allclose(array(client, image_set, "profile"), expected, atol=1e-6)
    figure = get(client, image_set, "/figures/dispersion").json()
    assert "cosine" in figure["layout"]["yaxis"]["title"]["text"]


def test_maps_state_how_they_were_made(client, image_set):
    params = {"perplexity": 4, "seed": 3, "color_by": "word"}
    figure = get(client, image_set, "/figures/trajectory", **params).json()
    note = figure["layout"]["meta"]["note"]
    for said in ("t-SNE", "perplexity 4", "seed 3", "trustworthiness", "continuity"):
        assert said in note
    points = [t for t in figure["data"] if t["meta"]["part"] == "points"]
    ids = {cell[3] for trace in points for cell in trace["customdata"]}
    assert ids == {member["analysis_id"] for member in image_set["members"]}
    stability = get(client, image_set, "/stability", perplexity=4).json()
    assert 0 <= stability["mean"] <= 1
    grid = get(client, image_set, "/figures/perplexities").json()
    assert len(grid["data"]) == 5
    three = get(client, image_set, "/figures/trajectory", method="pca", dimensions=3).json()
    assert three["data"][-1]["type"] == "scatter3d"


def test_another_position_is_another_reading_of_the_same_set(client, image_set):
    other = get(client, image_set, "", token="0").json()
    assert [member["token"] for member in other["members"]] == [0] * 5
    none = get(client, image_set, "", token="words:xyzzy").json()
    assert "5 of 5" in none["warning"]
    refused = get(client, image_set, "/figures/trajectory", token="words:xyzzy")
    assert refused.status_code == 422
    assert "0 answers" in refused.json()["detail"]


def test_known_analyses_make_a_set(client, image_set):
    ids = [member["analysis_id"] for member in image_set["members"][:3]]
    response = client.post("/api/trajectories", data={"analysis": ids, "token": "1"})
    made, _ = follow(client, response)
    assert [member["analysis_id"] for member in made["members"]] == ids


def test_a_deleted_set_leaves_its_analyses(client, image_set):
    assert client.delete(f"/api/trajectories/{image_set['id']}").status_code == 204
    assert get(client, image_set, "").status_code == 404
    member = image_set["members"][0]["analysis_id"]
    assert client.get(f"/api/analyses/{member}").status_code == 200


def test_progress_of_a_map_and_calling_it_off(client, image_set):
    slow = {"perplexity": 3, "iterations": 20_000, "start": "random", "seed": 11}
    slow |= {"preset": "paper"}
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(get, client, image_set, "/figures/trajectory", **slow)
        seen = []
        while not asked.done() and not any(told["running"] for told in seen):
            seen.append(get(client, image_set, "/maps/trajectory", **slow).json())
        client.delete(f"/api/trajectories/{image_set['id']}/maps/trajectory", params=slow)
        response = asked.result()
    assert any(told["running"] for told in seen)
    assert response.status_code == 499, response.text
    assert get(client, image_set, "/maps/trajectory", **slow).json()["running"] is False


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"token": "the middle"}, "first-difference"),
        ({"prompt": " "}, "prompt"),
        ({"model": "nowhere"}, "model"),
        ({"max_new_tokens": 0}, "max_new_tokens"),
    ],
)
def test_sets_that_make_no_sense_are_refused(client, fields, told):
    response = post_set(client, [noise(), noise()], **fields)
    assert response.status_code == 422
    assert told in json.dumps(response.json())


def test_one_image_is_no_set(client):
    response = post_set(client, [noise()])
    assert response.status_code == 422
    assert "2 to 200" in response.json()["detail"]
    unknown = client.post("/api/trajectories", data={"analysis": ["0" * 32], "token": "1"})
    assert unknown.status_code == 422
    known, _ = finished(client, post(client, noise(), max_new_tokens=2))
    alone = client.post("/api/trajectories", data={"analysis": [known["id"]], "token": "1"})
    assert alone.status_code == 422
