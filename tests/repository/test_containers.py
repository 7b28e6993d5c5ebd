"""Dockerfile and compose file, as far as that goes without an engine."""

import contextlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import yaml
from redis import Redis

from fretboard.core.settings import Settings
from fretboard.jobs.worker import HALT_SECONDS
from tests.support import http
from tests.support.servers import free_port, ping, redis_executable, wait_for

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile.gpu").read_text()
GALLERY = next((ROOT / "backend/fretboard/tiny_llava").rglob("*.png"))
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]


def known_variables() -> set[str]:
    known = {f"FRETBOARD_{name.upper()}" for name in Settings.model_fields}
    return known | {"PORT", "STORE_URL", "REDIS_URL"}


def composed(*profiles):
    """The services of these profiles, as compose itself reads the file."""
    for compose in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(compose[0]) and not run([*compose, "version"]).returncode:
            chosen = [word for name in profiles for word in ("--profile", name)]
            done = run([*compose, "-f", str(ROOT / "docker-compose.yml"), *chosen, "config"])
            assert done.returncode == 0, done.stderr
            return yaml.safe_load(done.stdout)["services"]
    pytest.skip("neither `docker compose` nor `docker-compose` is installed")


def run(command):
    plain = {k: v for k, v in os.environ.items() if k not in known_variables()}
    return subprocess.run(command, capture_output=True, text=True, env=plain)


def filled(value, **given):
    """`${NAME:-default}` as compose fills it in."""
    known = {"STORE_URL": given.get("STORE_URL", "")} | given
    return re.sub(r"\$\{(\w+):-([^}]*)\}", lambda m: known.get(m[1]) or m[2], str(value))


def image_variables():
    """What the Dockerfile's last stage sets."""
    stage = DOCKERFILE.rpartition("\nFROM ")[2]
    told = re.findall(r"^ENV ((?:.*\\\n)*.*)$", stage, re.MULTILINE)
    return dict(
        one.split("=", 1) for line in told for one in shlex.split(line.replace("\\\n", " "))
    )


def environment(service, **given):
    """Of a container of the service: the image's and compose's variables, and a PATH."""
    composed = service.get("environment", {})
    told = {name: filled(value, **given) for name, value in composed.items() if value is not None}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return image_variables() | told | {"PATH": path, "HOME": os.environ.get("HOME", "/")}


def health_check(command, env):
    """Its exit status."""
    words = command[1:] if command[0] == "CMD" else command
    return subprocess.run(words, env=env, capture_output=True, timeout=60).returncode


def test_each_profile_brings_a_worker_and_only_one_of_them_a_gpu():
    gpu = composed("gpu")["worker"]["deploy"]["resources"]["reservations"]["devices"]
    assert gpu[0]["driver"] == "nvidia"
    cpu = composed("cpu")
    assert cpu["worker-cpu"]["command"] == ["fretboard", "worker"]
    assert "deploy" not in cpu["worker-cpu"]
    assert "deploy" not in cpu["web"]
    assert cpu["web"]["environment"]["FRETBOARD_WORKER"] == "outside"
    assert cpu["web"]["depends_on"]["redis"]["condition"] == "service_healthy"
    for name in ("web", "worker-cpu"):  # N of them: no fixed name
        assert "container_name" not in cpu[name]
        assert cpu[name]["environment"]["REDIS_URL"] == "redis://redis:6379/0"


def test_compose_sets_only_settings_that_exist():
    for name in ("web", "worker", "worker-cpu"):
        given = {one for one in SERVICES[name]["environment"] if one[:4] != "AWS_"}
        assert given - {"FORWARDED_ALLOW_IPS"} <= known_variables()  # that one is uvicorn's


def test_workers_give_their_work_back_before_they_are_killed():
    for service in (SERVICES["worker"], SERVICES["worker-cpu"]):
        grace = float(filled(service["environment"]["FRETBOARD_GRACE_SECONDS"]))
        assert grace + HALT_SECONDS < float(service["stop_grace_period"].removesuffix("s"))


def test_the_dockerfile_passes_its_linter():
    done = run([Path(sys.executable).with_name("hadolint"), ROOT / "Dockerfile.gpu"])
    assert done.returncode == 0, done.stdout


def test_cached_arrays_may_be_evicted_but_broker_keys_may_not():
    command = SERVICES["redis"]["command"]
    assert command[command.index("--maxmemory-policy") + 1].startswith("volatile-")


def test_everything_the_image_copies_exists():
    for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE):
        for source in shlex.split(line)[:-1]:
            assert list(ROOT.glob(source.rstrip("/"))) or "*" in source, source


def test_the_image_runs_as_a_user_and_checks_its_health():
    assert re.search(r"^USER (?!root)", DOCKERFILE, re.MULTILINE)
    assert "HEALTHCHECK" in DOCKERFILE


@pytest.mark.parametrize("command", re.findall(r'^CMD \["fretboard", "(\w+)"', DOCKERFILE, re.M))
def test_the_command_exists(command):
    run = [sys.executable, "-m", "fretboard.cli.main", command, "--help"]
    assert subprocess.run(run, capture_output=True).returncode == 0


TOKEN = "a-write-token-of-the-tests"
LOADING_SECONDS = 180


@contextlib.contextmanager
def process(folder, name, command, env):
    """A container's command as a plain process, without the container's file system."""
    with (folder / f"{name}.log").open("wb") as log:
        started = subprocess.Popen(command, env=env, cwd=folder, stdout=log, stderr=log)
    try:
        yield started
    finally:
        started.kill()
        started.wait()


def test_the_commands_of_the_images_answer_an_analysis(tmp_path):
    """Redis, web and CPU worker as compose starts them; hosts, ports and folders replaced."""
    ports = {name: free_port() for name in ("redis", "web")}
    places = {"STORE_URL": str(tmp_path / "data"), "FRETBOARD_WRITE_TOKENS": TOKEN}
    replaced = {"REDIS_URL": f"redis://127.0.0.1:{ports['redis']}/0", "HF_HOME": str(tmp_path)}
    redis, web, worker = (SERVICES[name] for name in ("redis", "web", "worker-cpu"))
    own = {"PORT": str(ports["web"]), **replaced}
    web_env, worker_env = environment(web, **places) | own, environment(worker, **places) | own
    redis_command = [redis_executable(), *redis["command"][1:], "--port", str(ports["redis"])]
    web_check = json.loads(re.search(r"HEALTHCHECK .*\\\n\s+CMD (.*)", DOCKERFILE)[1])
    web_check[0] = sys.executable
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with contextlib.ExitStack() as stack:
        start = lambda *told: stack.enter_context(process(tmp_path, *told))  # noqa: E731
        start("redis", redis_command, os.environ)
        wait_for(lambda: ping(Redis(port=ports["redis"])))
        at_work = start("worker", worker["command"], worker_env)
        serving = start("web", web["command"], web_env)
        url = f"http://127.0.0.1:{ports['web']}"
        wait_for(lambda: ready(url), at_work, LOADING_SECONDS)
        assert health_check(web_check, web_env) == 0
        assert health_check(worker["healthcheck"]["test"], worker_env) == 0

        form = {"prompt": "What color is it?", "max_new_tokens": "4"}
        picture = {"image": GALLERY.read_bytes()}
        assert http.post(f"{url}/api/analyses", data=form, files=picture).status_code == 401
        with httpx.Client(base_url=url, headers=headers, timeout=60) as client:
            asked = client.post("/api/analyses", data=form, files=picture)
            assert asked.status_code == 202, asked.text
            path = f"/api/analyses/{asked.json()['id']}"
            wait_for(lambda: client.get(path).json()["status"] == "done", at_work)
            assert client.get(path).json()["answer"]
            assert client.get(f"{path}/arrays/jsd").status_code == 200
            client.get(f"/api/models?token={TOKEN}")  # where it does not belong

        at_work.terminate()
        assert at_work.wait(30) == 0
        assert health_check(worker["healthcheck"]["test"], worker_env) == 1
        serving.terminate()
        serving.wait(30)
    for name in ("web", "worker"):
        assert TOKEN not in (tmp_path / f"{name}.log").read_text()


def ready(url):
    try:
        return http.get(f"{url}/readyz").status_code == 200
    except httpx.TransportError:
        return False
