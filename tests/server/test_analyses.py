"""The contract's calls on a tiny random model: life cycle, arrays against the model itself."""

import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from fretboard.jobs.bus import START
from fretboard.jobs.services import build_services
from fretboard.server.app import create_app
from tests.support.api_calls import array, finished, post, reference
from tests.support.images import encode
from tests.support.servers import wait_for
from tests.support.settings import make_settings
from tests.support.tiny_models import make_llava


@pytest.fixture
def document(client, png):
    made, _ = finished(client, post(client, png, max_new_tokens=8))
    assert made["status"] == "done", made["error"]
    return made


def test_a_request_is_accepted_located_and_known_again(client, png):
    first = post(client, png, max_new_tokens=5)
    assert first.status_code == 202
    body = first.json()
    assert first.headers["location"] == f"/api/analyses/{body['id']}"
    assert body["url"] == f"/a/{body['id']}"
    finished(client, first)
    again = post(client, png, max_new_tokens=5)
    assert (again.status_code, again.json()["id"]) == (200, body["id"])
    other = post(client, png, max_new_tokens=6)
    assert other.json()["id"] != body["id"]


def test_equal_requests_at_once_start_one_computation(client, png):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(client, png, max_new_tokens=4), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [202]
    assert len({answer.json()["id"] for answer in answers}) == 1


def test_events_carry_each_token_and_replay(client, png):
    response = post(client, png, max_new_tokens=6)
    document, events = finished(client, response)
    tokens = [data for kind, data in events if kind == "token"]
    assert [t["id"] for t in tokens] == [t["id"] for t in document["tokens"]]
    assert events[0][0] == "status"
    _, replayed = finished(client, response)
    assert [d for k, d in replayed if k == "token"] == [
        {k: t[k] for k in ("index", "id", "text", "probability")} for t in document["tokens"]
    ]


@pytest.mark.parametrize("lens", ["normed", "raw"])
def test_every_array_agrees_with_float64(client, document, random_image, lens):
    log_p, hidden = reference(document, random_image, raw=lens == "raw")
    ids = np.array([token["id"] for token in document["tokens"]])
    own = np.take_along_axis(log_p, ids[None, :, None], -1)[..., 0]
    p = np.exp(log_p)
    shape = (5, len(ids))
    got = {n: array(client, document, n, lens=lens) for n in ("probability", "rank", "entropy")}
    assert all(values.shape == shape for values in got.values())
    np.testing.assert_allclose(got["probability"], np.exp(own), atol=1e-5)
    np.testing.assert_array_equal(got["rank"], (log_p > own[..., None]).sum(-1) + 1)
    np.testing.assert_allclose(got["entropy"], -(p * log_p).sum(-1), atol=1e-4)
    log_m = np.logaddexp(log_p[1:], log_p[:-1]) - np.log(2)
    jsd = ((p[1:] * (log_p[1:] - log_m)).sum(-1) + (p[:-1] * (log_p[:-1] - log_m)).sum(-1)) / 2
    np.testing.assert_allclose(array(client, document, "jsd", lens=lens), jsd, atol=1e-4)
    paper = (np.exp(log_m) * (2 * log_m - log_p[1:] - log_p[:-1])).mean(-1) / 2
    got_paper = array(client, document, "jsd", lens=lens, divergence="paper-code")
    np.testing.assert_allclose(got_paper, paper, rtol=1e-3, atol=1e-8)
    top = array(client, document, "top_ids", lens=lens)
    np.testing.assert_array_equal(top[..., 0], log_p.argmax(-1))
    np.testing.assert_allclose(
        array(client, document, "top_probabilities", lens=lens),
        np.take_along_axis(p, top.astype(int), -1),
        atol=1e-5,
    )
    np.testing.assert_allclose(array(client, document, "hidden_states"), hidden, atol=1e-4)


def test_words_are_exact_columns_of_the_distribution(client, document, random_image):
    log_p, _ = reference(document, random_image)
    url = f"/api/analyses/{document['id']}/words"
    words = client.get(url, params={"token": 2, "word": ["red", "blue"]}).json()["words"]
    assert [entry["word"] for entry in words] == ["red", "blue"]
    for entry in words:
        expected = np.exp(log_p[:, 2, entry["token_id"]])
        np.testing.assert_allclose(entry["probability"], expected, atol=1e-5)


def test_cells_list_the_likeliest_words(client, document):
    cell = client.get(
        f"/api/analyses/{document['id']}/cells", params={"token": 1, "depth": 3}
    ).json()
    shares = [word["probability"] for word in cell["words"]]
    assert shares == sorted(shares, reverse=True)
    assert len(shares) == 10


def test_a_continuation_is_analysed_token_by_token(client, png):
    made, _ = finished(client, post(client, png, continuation="the cat is red"))
    assert made["answer"] == "the cat is red"
    assert made["finish_reason"] == "forced"


def test_skipped_layers_change_nothing_between_their_depths(client, png):
    made, _ = finished(client, post(client, png, skip_layers="1-2", max_new_tokens=5))
    hidden = array(client, made, "hidden_states")
    np.testing.assert_array_equal(hidden[1], hidden[2])
    np.testing.assert_array_equal(hidden[2], hidden[3])
    assert not np.array_equal(hidden[3], hidden[4])
    assert made["request"]["skip_layers"] == [1, 2]


def test_text_alone_is_an_analysis_like_any_other(client):
    made, _ = finished(client, post(client, max_new_tokens=4))
    assert made["status"] == "done"
    assert made["request"]["image"] is None
    assert client.get(f"/api/analyses/{made['id']}/image").status_code == 404


def test_the_image_comes_back_upright_and_whole(client, document, random_image):
    response = client.get(f"/api/analyses/{document['id']}/image")
    with Image.open(io.BytesIO(response.content)) as image:
        np.testing.assert_array_equal(np.asarray(image), np.asarray(random_image))


def test_deleted_is_gone_and_can_be_asked_again(client, png):
    made, _ = finished(client, post(client, png, max_new_tokens=3))
    url = f"/api/analyses/{made['id']}"
    assert client.delete(url).status_code == 204
    for path in ("", "/image", "/arrays/probability", "/events"):
        assert client.get(url + path).status_code == 404
    again, _ = finished(client, post(client, png, max_new_tokens=3))
    assert again["tokens"] == made["tokens"]


def test_a_cancelled_analysis_keeps_what_it_wrote_and_can_run_again(client, png, services):
    response = post(client, png, continuation="the colour is " * 300)
    url = f"/api/analyses/{response.json()['id']}"

    def told() -> list[int]:
        events = services.bus.read(response.json()["id"], START)
        return [event["id"] for _, event in events if event["type"] == "token"]

    wait_for(told)
    assert client.post(f"{url}/cancel").status_code == 202
    made, events = finished(client, response)
    assert made["status"] == "failed"
    assert "cancelled" in events[-1][1]["detail"]
    _, processor = make_llava()
    assert made["answer"].startswith("the")
    assert made["answer"] == processor.tokenizer.decode(told(), skip_special_tokens=True).strip()
    assert client.post(f"{url}/cancel").status_code == 409
    again = post(client, png, continuation="the colour is " * 300)
    assert again.status_code == 202
    client.post(f"{url}/cancel")


def test_a_lost_cache_comes_back_from_the_record(client, services, document):
    before = array(client, document, "probability")
    services.cache.drop("")
    np.testing.assert_array_equal(array(client, document, "probability"), before)


@pytest.mark.parametrize("name", ["fretboard", "competition", "divergence", "trajectory"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_figures_are_plotly_json(client, document, name, theme):
    response = client.get(
        f"/api/analyses/{document['id']}/figures/{name}", params={"token": 1, "theme": theme}
    )
    assert response.status_code == 200, response.text
    figure = response.json()
    assert figure["data"]
    assert figure["layout"]["meta"]


@pytest.mark.parametrize("quantity", ["probability", "rank", "entropy", "jsd", "leader"])
def test_the_fretboard_shows_each_quantity_with_its_unit(client, document, quantity):
    figure = client.get(
        f"/api/analyses/{document['id']}/figures/fretboard", params={"quantity": quantity}
    ).json()
    meta = figure["layout"]["meta"]
    assert (meta["rows"], meta["columns"]) == (
        4 if quantity == "jsd" else 5,
        len(document["tokens"]),
    )
    assert meta["unit"] in figure["data"][0]["colorbar"]["title"]["text"]


def test_sixteen_megapixel_jpegs_are_taken(client):
    big = encode(Image.new("RGB", (4000, 4000), "red"), "JPEG")
    assert post(client, big, max_new_tokens=1).status_code == 202


def test_the_image_of_an_analysis_is_asked_about_under_its_files_id(client, random_image):
    jpeg = encode(random_image, "JPEG")
    first, _ = finished(client, post(client, jpeg, max_new_tokens=4))
    again = post(client, max_new_tokens=4, image_of=first["id"])
    assert (again.status_code, again.json()["id"]) == (200, first["id"])
    longer = post(client, max_new_tokens=5, image_of=first["id"])
    assert longer.json()["id"] == post(client, jpeg, max_new_tokens=5).json()["id"]
    document, _ = finished(client, longer)
    assert document["request"]["image"] == first["request"]["image"]


def test_image_of_names_an_analysis_with_an_image(client, png):
    plain, _ = finished(client, post(client, max_new_tokens=2))
    for fields, said in (
        ({"image_of": plain["id"]}, "has no image"),
        ({"image_of": "0" * 32}, "choose the image again"),
    ):
        refused = post(client, **fields)
        assert (refused.status_code, said in refused.json()["detail"]) == (422, True)
    both = post(client, png, image_of=plain["id"])
    assert (both.status_code, "not both" in both.json()["detail"]) == (422, True)


def test_a_question_that_comes_while_the_model_fails_is_told(checkpoint_folder, tmp_path, png):
    services = build_services(make_settings(checkpoint_folder, tmp_path))
    name, bus, queue = services.settings.model, services.bus, services.jobs.start
    bus.announce("worker", {"name": name, "state": "loading"})

    def after_the_workers_look(*asked):
        bus.announce("worker", {"name": name, "state": "failed", "detail": "no weights"})
        queue(*asked)

    services.jobs.start = after_the_workers_look
    with TestClient(create_app(services, lambda: None)) as client:
        document = client.get(f"/api/analyses/{post(client, png).json()['id']}").json()
    assert (document["status"], document["error"]["detail"]) == ("failed", "no weights")
