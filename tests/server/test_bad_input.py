"""Bad input gets a 4xx whose detail helps, and the server goes on."""

import pytest
from PIL import Image

from fretboard.core.errors import FretboardError, Unavailable
from fretboard.server import body_limit
from tests.support.images import encode

LENSES = (
    "'normed', 'raw', 'jacobian', 'tuned', 'latent', 'difference', 'jacobian-normed', "
    "'tuned-normed', 'jacobian-raw', 'tuned-raw' or 'tuned-jacobian'"
)
PROMPT = {"prompt": "what is the colour ?"}


def check(response, status, words):
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == status
    assert words.lower() in problem["detail"].lower(), problem["detail"]


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({}, 422, "prompt"),
        ({"prompt": ""}, 422, "prompt"),
        ({"prompt": "   "}, 422, "prompt is empty"),
        (PROMPT | {"model": "gpt-9"}, 422, "not served here"),
        (PROMPT | {"max_new_tokens": 0}, 422, "greater than or equal to 1"),
        (PROMPT | {"max_new_tokens": 10**6}, 422, "choose 1 to 1024"),
        (PROMPT | {"max_new_tokens": -3}, 422, "greater than or equal to 1"),
        (PROMPT | {"max_new_tokens": "many"}, 422, "max_new_tokens"),
        (PROMPT | {"lens": "telescope"}, 422, LENSES),
        (PROMPT | {"skip_layers": "six"}, 422, "such as 6-9,12"),
        (PROMPT | {"skip_layers": "9" * 5000}, 422, "such as 6-9,12"),
        (PROMPT | {"skip_layers": "9-6"}, 422, "low-high"),
        (PROMPT | {"skip_layers": "2-4"}, 422, "0 to 3"),
        (PROMPT | {"skip_layers": "2", "skip_when": "never"}, 422, "'always' or 'decode'"),
        ({"prompt": "a" * 10_000}, 413, "at most 8192"),
    ],
)
def test_fields(client, fields, status, words):
    check(client.post("/api/analyses", data=fields), status, words)


def damaged_jpeg() -> bytes:
    return encode(Image.effect_noise((200, 200), 80), "JPEG")[:4000]


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (b"just some text", 422, "no image"),
        (b"", 422, "no image"),
        (damaged_jpeg(), 422, "damaged"),
        (encode(Image.new("1", (20_000, 10_000)), "PNG"), 413, "megapixels"),
        (b"\x00" * (30 * 2**20), 413, "larger than 20 MB"),
    ],
    ids=["text", "empty", "truncated", "bomb", "body"],
)
def test_images(client, data, status, words):
    response = client.post("/api/analyses", data=PROMPT, files={"image": ("x.png", data)})
    check(response, status, words)
    assert client.get("/healthz").status_code == 200


def test_a_streamed_body_without_a_length_is_cut_off(client, monkeypatch):
    drained = []

    async def drain(_receive, most):
        drained.append(most)

    def endless():
        for _ in range(40):
            yield b"x" * 2**20

    headers = {"content-type": "multipart/form-data; boundary=b"}
    monkeypatch.setattr(body_limit, "_drain", drain)
    check(client.post("/api/analyses", content=endless(), headers=headers), 413, "larger than")
    assert drained == [0]  # the client here sends all of it at once: nothing is left to wait for


@pytest.mark.parametrize("path", ["", "/events", "/arrays/jsd", "/figures/fretboard", "/image"])
def test_unknown_analyses(client, path):
    check(client.get(f"/api/analyses/0123456789abcdef{path}"), 404, "no such record")
    for other in ("a" * 5000, "é" * 64):  # no file system has room for such a name
        check(client.get(f"/api/analyses/{other}{path}"), 404, "no record")


def test_every_error_is_among_the_answers_that_the_document_declares(client):
    def kinds(error):
        return [error, *(kind for below in error.__subclasses__() for kind in kinds(below))]

    answers = {f"{kind.status}" for kind in kinds(FretboardError)}
    assert {"422", "500", "503", "507"} <= answers
    for path, methods in client.app.openapi()["paths"].items():
        for method, operation in methods.items():
            declared = operation["responses"].keys()
            missing = {a for a in answers if not {a, f"{a[0]}XX"} & declared}
            assert not missing, (method, path)


def test_not_available_says_when_to_ask_again(client, services, monkeypatch):
    def waits(*_):
        raise Unavailable("No worker answered in time.")

    monkeypatch.setattr(services.store, "read", waits)
    answer = client.get("/api/analyses/x")
    check(answer, 503, "No worker answered")
    assert int(answer.headers["Retry-After"]) > 0


def test_unknown_addresses(client):
    check(client.get("/api/nothing"), 404, "nothing at /api/nothing")


@pytest.fixture
def url(client, png):
    response = client.post(
        "/api/analyses", data=PROMPT | {"max_new_tokens": 3}, files={"image": ("x.png", png)}
    )
    url = response.headers["location"]
    client.get(f"{url}/events")
    return url


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/arrays/nothing", 404, "there are probability"),
        ("/arrays/jsd?divergence=euclid", 422, "divergence"),
        ("/arrays/rank?lens=thick", 422, "lens"),
        ("/figures/nothing", 404, "there are fretboard"),
        ("/figures/fretboard?quantity=beauty", 422, "there are probability"),
        ("/figures/trajectory?method=guess", 422, "umap"),
        ("/figures/competition?token=99", 404, "tokens 0 to 2"),
        ("/figures/competition?token=0&word=xylophone", 422, "not in this model's vocabulary"),
        ("/words?token=0&word=xylophone", 422, "not in this model's vocabulary"),
        ("/words?token=0&word=", 422, "empty"),
        ("/words?token=99&word=red", 404, "tokens 0 to 2"),
        ("/words?token=-1&word=red", 422, "token"),
        ("/words?token=0", 422, "word"),
        ("/cells?token=0&depth=99", 404, "depths 0 to 4"),
    ],
)
def test_reading(client, url, path, status, words):
    check(client.get(url + path), status, words)


def test_too_few_points_for_a_map(client, png):
    response = client.post(
        "/api/analyses", data=PROMPT | {"max_new_tokens": 1}, files={"image": ("x.png", png)}
    )
    url = response.headers["location"]
    client.get(f"{url}/events")
    check(client.get(f"{url}/figures/trajectory"), 422, "at least 5")
