"""A real Redis that asks for a password, and one on a socket."""

import subprocess

import pytest
from fastapi.testclient import TestClient
from redis import Redis
from redis.exceptions import AuthenticationError, NoPermissionError

from fretboard.core.errors import Unavailable
from fretboard.core.settings import Settings
from fretboard.jobs.redis import refusal
from fretboard.jobs.services import build_services
from fretboard.server.app import create_app
from tests.support.servers import ping, redis_executable, wait_for

SECRET = "a/b#c%d"
ENCODED = "a%2Fb%23c%25d"


@pytest.fixture(scope="module")
def socket_url(tmp_path_factory):
    """A server that listens on a socket alone, with a password."""
    path = tmp_path_factory.mktemp("redis") / "redis.sock"
    command = [redis_executable(), "--port", "0", "--unixsocket", str(path), "--save", ""]
    process = subprocess.Popen(
        [*command, "--requirepass", SECRET], cwd=path.parent, stdout=subprocess.DEVNULL
    )
    client = Redis(unix_socket_path=str(path), password=SECRET)
    wait_for(lambda: path.exists() and ping(client), process)
    yield lambda password: f"unix://{password}@{path}?db=2".replace("://@", "://")
    process.kill()
    process.wait()


def services(url, folder):
    return build_services(Settings(_env_file=None, REDIS_URL=url, STORE_URL=str(folder)))


def test_a_socket_serves_the_bus_the_brokers_and_the_limits(socket_url, tmp_path):
    url = socket_url(f":{ENCODED}")
    settings = Settings(
        _env_file=None, REDIS_URL=url, STORE_URL=str(tmp_path), read_rate_limit="2/minute"
    )
    app = create_app(build_services(settings), lambda: None)
    with TestClient(app, base_url="http://localhost") as client:
        answers = [client.get("/api/models").status_code for _ in range(3)]
    assert answers == [200, 200, 429]
    keys = Redis.from_url(url).keys("*")
    assert any(b"fretboard:limit" in key for key in keys)


@pytest.mark.parametrize("password", ["", ":wrong", "nobody:wrong"])
def test_a_password_that_is_wrong_or_missing_is_said_at_the_start(
    socket_url, tmp_path, password, caplog
):
    with pytest.raises(Unavailable) as refused:
        services(socket_url(password), tmp_path)
    assert refused.value.detail.startswith("Redis refuses the user name or password.")
    for secret in ("wrong", SECRET, ENCODED):
        assert secret not in refused.value.detail + caplog.text


def test_a_user_who_may_administer_nothing_is_enough(socket_url, tmp_path):
    admin = Redis.from_url(socket_url(f":{ENCODED}"))
    admin.acl_setuser("fret", enabled=True, passwords=[f"+{SECRET}"], keys=["*"], channels=["*"],
                      categories=["+@all", "-@admin"])  # fmt: skip
    app = create_app(services(socket_url(f"fret:{ENCODED}"), tmp_path), lambda: None)
    with TestClient(app, base_url="http://localhost") as client:
        assert client.get("/api/models").status_code == 200
    admin.acl_deluser("fret")


def test_a_password_changed_while_serving_is_said_too(socket_url, tmp_path, caplog):
    url = socket_url(f":{ENCODED}")
    served = services(url, tmp_path)
    admin = Redis.from_url(url)
    with TestClient(create_app(served, lambda: None), base_url="http://localhost") as client:
        admin.config_set("requirepass", "another")
        try:
            admin.client_kill_filter(_type="normal", skipme=True)
            ready = client.get("/readyz").text
            models = client.get("/api/models").json()
        finally:
            Redis.from_url(socket_url(":another")).config_set("requirepass", SECRET)
    assert "Redis refuses the user name or password" in ready
    assert models["detail"].startswith("Redis refuses the user name or password")
    assert SECRET not in caplog.text


def test_refusals_are_told_from_outages():
    assert refusal(ConnectionError("no route")) == ""
    assert "Correct them in REDIS_URL" in refusal(AuthenticationError("WRONGPASS"))
    assert "does not let this user do" in refusal(NoPermissionError("NOPERM"))
