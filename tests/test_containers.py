"""Dockerfile and compose file, as far as that goes without an engine."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from fretboard.settings import Settings

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile.gpu").read_text()
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
        assert set(SERVICES[name]["environment"]) - {"<<"} <= known_variables()


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
    run = [sys.executable, "-m", "fretboard.cli", command, "--help"]
    assert subprocess.run(run, capture_output=True).returncode == 0
