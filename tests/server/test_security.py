"""Tokens, sign-in, other sites, limits, private analyses, and that delete leaves nothing."""

import secrets
import time
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError

import fretboard
from fretboard.cli.serve import _warn_of_exposure
from fretboard.core.settings import Settings
from fretboard.jobs.services import build_services
from fretboard.server.app import create_app
from fretboard.server.security.guard import local_hosts
from fretboard.server.security.tokens import SESSION_SECONDS, Access, Tokens
from tests.support.settings import make_settings

WRITE, READ = secrets.token_hex(16), secrets.token_hex(16)
BASE = "http://fretboard.test"
EMPTY = {"prompt": ""}  # passes the guard, and then is refused with 422


@pytest.fixture
def open_client(checkpoint_folder, tmp_path):
    """A function: settings → a client of a server without a worker."""
    with_all = []

    def make(**more) -> TestClient:
        services = build_services(make_settings(checkpoint_folder, tmp_path, **more))
        client = TestClient(
            create_app(services, lambda: None), base_url=BASE, raise_server_exceptions=False
        )
        with_all.append(client.__enter__())
        return client

    yield make
    for client in with_all:
        client.__exit__(None, None, None)


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@pytest.mark.parametrize(
    ("tokens", "headers", "reading", "writing"),
    [
        ({}, {}, 200, 422),
        ({}, bearer("whatever it is"), 200, 422),
        ({"write_tokens": WRITE}, {}, 200, 401),
        ({"write_tokens": f"other-token-of-16,{WRITE}"}, bearer(WRITE), 200, 422),
        ({"write_tokens": WRITE, "read_tokens": READ}, {}, 401, 401),
        ({"write_tokens": WRITE, "read_tokens": READ}, bearer(READ), 200, 403),
        ({"write_tokens": WRITE, "read_tokens": READ}, bearer(WRITE), 200, 422),
        ({"write_tokens": WRITE, "read_tokens": READ}, bearer(WRITE[:-1]), 401, 401),
        ({"read_tokens": READ}, bearer(READ), 200, 403),
    ],
)
def test_who_may_read_and_write(open_client, tokens, headers, reading, writing):
    client = open_client(**tokens)
    for path in ("/api/models", "/metrics"):
        assert client.get(path, headers=headers).status_code == reading
    answer = client.post("/api/analyses", data=EMPTY, headers=headers)
    assert answer.status_code == writing
    assert client.delete("/api/analyses/abc", headers=headers).status_code == (
        404 if writing == 422 else writing
    )
    for refused in (answer,) if writing in (401, 403) else ():
        assert refused.headers["www-authenticate"].startswith("Bearer")
        assert refused.headers["content-type"] == "application/problem+json"


def test_what_stays_open(open_client):
    client = open_client(write_tokens=WRITE, read_tokens=READ)
    for path in ("/healthz", "/openapi.json", "/", "/a/0123456789abcdef"):
        assert client.get(path).status_code in (200, 503), path  # 503: the page is not built
    assert client.get("/readyz").status_code == 503  # no worker here, but not 401


def test_the_page_signs_in_with_a_cookie(open_client):
    client = open_client(write_tokens=WRITE, read_tokens=READ)
    shut = {"signed_in": False, "access": "none", "embed": False}
    assert client.get("/api/session").json() == shut
    assert client.post("/api/session", data={"token": "wrong"}).status_code == 401
    answer = client.post("/api/session", data={"token": WRITE})
    assert answer.json() == {"signed_in": True, "access": "write", "embed": False}
    cookie = answer.headers["set-cookie"]
    assert WRITE not in cookie
    for word in ("HttpOnly", "SameSite=strict", "Path=/"):
        assert word in cookie
    assert "Secure" not in cookie  # plain http
    assert client.get("/api/models").status_code == 200
    assert client.post("/api/analyses", data=EMPTY).status_code == 422
    assert client.delete("/api/session").status_code == 204
    assert client.get("/api/models").status_code == 401


def test_over_https_the_cookie_is_secure(open_client):
    client = open_client(write_tokens=WRITE)
    client.base_url = BASE.replace("http", "https")
    assert "Secure" in client.post("/api/session", data={"token": WRITE}).headers["set-cookie"]


def test_sessions_end_and_cannot_be_forged(monkeypatch):
    tokens = Tokens((WRITE,), (READ,))
    cookie = tokens.session(READ)
    assert READ not in cookie
    assert tokens.of_session(cookie).access == Access.READ
    value, signed_at, signature = cookie.split(".")
    for forged in ("", "x", f"{value}.{signed_at}x.{signature}", f"{value}.{signed_at}.AAAA", "é."):
        assert tokens.of_session(forged) is None
    assert Tokens((WRITE,), ()).of_session(cookie) is None  # the token was withdrawn
    later = time.time() + SESSION_SECONDS + 1
    monkeypatch.setattr(time, "time", lambda: later)
    assert tokens.of_session(cookie) is None


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 422),
        ({"origin": BASE}, 422),
        ({"origin": "https://fretboard.test"}, 422),
        ({"origin": "https://evil.test"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "same-origin", "origin": "https://public.test"}, 422),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site", "origin": BASE}, 403),
    ],
)
def test_other_sites_cannot_write(open_client, headers, status):
    client = open_client()
    assert client.post("/api/analyses", data=EMPTY, headers=headers).status_code == status
    assert client.get("/api/models", headers=headers).status_code == 200


def test_cors_is_closed(client):
    asked = {"origin": "https://evil.test", "access-control-request-method": "POST"}
    for answer in (
        client.options("/api/analyses", headers=asked),
        client.get("/api/models", headers=asked),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control")]
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


def test_a_loopback_server_answers_to_local_names_alone(open_client):
    chosen = local_hosts(Settings(_env_file=None)).allowed_hosts
    client = open_client(allowed_hosts=chosen)
    for host in ("localhost:8000", "127.0.0.1:8000", "[::1]:8000", "LOCALHOST"):
        assert client.get("/api/models", headers={"host": host}).status_code == 200, host
    for host in ("evil.test", "evil.test:8000", "localhost.evil.test", "[", ""):
        assert client.get("/api/models", headers={"host": host}).status_code == 403, host
    for free in ({"host": "0.0.0.0"}, {"allowed_hosts": "*"}, {"write_tokens": WRITE}):
        assert local_hosts(Settings(_env_file=None, **free)).allowed_hosts == ""


def test_limits_are_per_client(open_client):
    client = open_client(rate_limit="3/minute", read_rate_limit="5/minute", write_tokens=WRITE)
    codes = [client.get("/api/models").status_code for _ in range(6)]
    assert codes == [200] * 5 + [429]
    refused = client.get("/api/models")
    assert 1 <= int(refused.headers["retry-after"]) <= 61
    assert refused.headers["content-type"] == "application/problem+json"
    assert client.get("/healthz").status_code == 200
    assert client.get("/api/models", headers=bearer(WRITE)).status_code == 200  # another client
    codes = [client.post("/api/analyses", data=EMPTY, headers=bearer(WRITE)) for _ in range(4)]
    assert [answer.status_code for answer in codes] == [422] * 3 + [429]


def test_limits_are_shared_through_redis(open_client, redis_url, redis_client):
    first, second = (open_client(REDIS_URL=redis_url, rate_limit="2/minute") for _ in range(2))
    codes = [c.post("/api/analyses", data=EMPTY).status_code for c in (first, second, first)]
    assert codes == [422, 422, 429]


def test_guessing_tokens_is_limited_too(open_client):
    client = open_client(rate_limit="2/minute", read_rate_limit="2/minute", write_tokens=WRITE)
    guesses = [client.get("/api/models", headers=bearer(secrets.token_hex(16))) for _ in range(3)]
    assert [answer.status_code for answer in guesses] == [401, 401, 429]
    signing = [client.post("/api/session", data={"token": "guess"}) for _ in range(3)]
    assert [answer.status_code for answer in signing] == [401, 401, 429]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"host": "0.0.0.0"}, "read, ask and delete"),
        ({"host": "0.0.0.0", "write_tokens": WRITE}, "may read without a token"),
        ({"host": "0.0.0.0", "write_tokens": WRITE, "read_tokens": READ}, None),
        ({"host": "::1"}, None),
    ],
)
def test_a_warning_at_the_start(caplog, more, words):
    _warn_of_exposure(Settings(_env_file=None, **more))
    assert (words in caplog.text) if words else not caplog.text
    assert WRITE not in caplog.text


def test_no_code_comes_with_data():
    """Neither pickle nor a checkpoint's own code, anywhere in the package."""
    for path in Path(fretboard.__file__).parent.rglob("*.py"):
        text = path.read_text()
        for word in (
            "import pickle",
            "allow_pickle=True",
            "trust_remote_code=True",
            "import shelve",
        ):
            assert word not in text, path
        loads = text.count("torch.load(")
        assert loads == text.count("weights_only=True"), path


@pytest.mark.parametrize("name", ["../../etc/passwd", "..%2f..%2fetc%2fpasswd", "a/b", "%00", "*"])
def test_no_path_comes_from_outside(client, name):
    for route in ("analyses", "trajectories", "experiments"):
        assert client.get(f"/api/{route}/{name}").status_code in (404, 422)
    asked = {"prompt": "what", "model": f"/tmp/{name}"}
    assert client.post("/api/analyses", data=asked).status_code == 422
    assert client.get(f"/api/gallery/{name}").status_code in (404, 422)


def test_tokens_are_not_shown():
    settings = Settings(_env_file=None, write_tokens=WRITE)
    assert WRITE not in f"{settings!r} {settings.model_dump_json()}"
    with pytest.raises(ValidationError) as refused:
        Settings(_env_file=None, read_tokens="short-one")
    assert "short-one" not in str(refused.value)
    assert "16 or more" in str(refused.value)
    with pytest.raises(ValidationError, match="rate_limit"):
        Settings(_env_file=None, rate_limit="many")
