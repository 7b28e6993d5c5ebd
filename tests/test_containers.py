"""Dockerfile and compose file, as far as that goes without an engine."""

import re
import shlex
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


def test_compose_describes_redis_and_a_web_process_with_a_gpu():
    assert set(SERVICES) == {"redis", "web"}
    devices = SERVICES["web"]["deploy"]["resources"]["reservations"]["devices"]
    assert devices[0]["driver"] == "nvidia"
    assert SERVICES["web"]["depends_on"]["redis"]["condition"] == "service_healthy"


def test_compose_sets_only_settings_that_exist():
    assert set(SERVICES["web"]["environment"]) <= known_variables()


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
