"""The model menu, fetching and serving, against a hub on this machine."""

import os
import subprocess
import sys

import httpx
import pytest

from fretboard.core import hub as local_hub
from fretboard.core.errors import InputError, NotFinished, NotFound, StoreFull, TooLarge
from fretboard.core.settings import Settings
from fretboard.jobs.model_choice import ModelChoice, check_memory
from fretboard.jobs.services import build_services
from tests.support import http
from tests.support.hub import hub
from tests.support.servers import Server, free_port, wait_for
from tests.support.tiny_models import save_llava

NAME = "lab/tiny-vlm"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return save_llava(tmp_path_factory.mktemp("hub") / "tiny")


def services(**settings):
    fields = {"STORE_URL": "memory://", "redis_url": None} | settings
    return build_services(Settings(_env_file=None, **fields))


@pytest.fixture
def local(monkeypatch):
    """Nothing is in the cache but what the test puts there."""
    known = []
    monkeypatch.setattr(local_hub, "here", lambda: list(known))
    return known


def choice(started=None, **settings):
    def start(chosen):
        started.append(chosen.model)
        return lambda: started.append(f"stopped {chosen.model}")

    return ModelChoice(services(**settings), start if started is not None else None)


def test_it_is_on_for_this_machine_alone_unless_it_is_said(local):
    assert choice([]).allowed
    assert not choice([], host="0.0.0.0").allowed
    assert choice([], host="0.0.0.0", model_choice="on").allowed
    assert not choice([], model_choice="off").allowed
    assert not choice(None).allowed  # workers elsewhere load what they were started with
    with pytest.raises(InputError, match="FRETBOARD_MODEL_CHOICE"):
        choice([], model_choice="off").load("tiny-llava")


def test_the_menu_has_what_is_served_here_and_worth_fetching(local):
    local.append(local_hub.Local(NAME, 2_000_000, None))
    models = {model.name: model for model in choice([]).reachable()}
    assert models["tiny-llava"].state == "loading"
    assert models[NAME].state == "here"
    smallest = models["HuggingFaceTB/SmolVLM-256M-Instruct"]
    assert smallest.state == "away"
    assert smallest.memory_bytes > smallest.bytes > 10**8


def test_one_that_is_here_is_served_and_the_one_before_ends(local):
    local += [local_hub.Local(NAME, 2_000, None), local_hub.Local("lab/other", 2_000, None)]
    started = []
    menu = choice(started)
    menu.load(NAME)
    wait_for(lambda: started == [NAME])
    menu.load("lab/other")
    wait_for(lambda: started == [NAME, f"stopped {NAME}", "lab/other"])


def test_what_is_not_in_the_menu_or_too_large_is_refused(local):
    with pytest.raises(InputError, match="not in the menu"):
        choice([]).load("someone/something")
    with pytest.raises(TooLarge, match="of memory"):
        check_memory("x", 10**15)
    with pytest.raises(StoreFull, match="HF_HOME"):
        local_hub.check_disk("x", 10**15, local_hub.Path("/nowhere/yet"))


def test_a_failed_download_says_why_and_may_be_tried_again(local, monkeypatch):
    def unreachable(name, *_):
        raise local_hub.unreachable(name, OSError("no route to host"))

    monkeypatch.setattr(local_hub, "fetch", unreachable)
    started = []
    menu = choice(started)
    name = "HuggingFaceTB/SmolVLM-256M-Instruct"
    menu.load(name)

    def listed():
        return next(model for model in menu.reachable() if model.name == name)

    wait_for(lambda: listed().state == "failed")
    assert "no route to host" in listed().detail
    monkeypatch.setattr(local_hub, "fetch", lambda *_: None)
    menu.load(name)
    wait_for(lambda: started == [name])


def test_a_download_is_called_off_and_holds_others_back(local, monkeypatch):
    def fetch(_name, progress, cancelled):
        progress(1, 4)
        wait_for(cancelled)
        raise local_hub.Cancelled("off")

    monkeypatch.setattr(local_hub, "fetch", fetch)
    menu = choice([])
    first, second = "HuggingFaceTB/SmolVLM-256M-Instruct", "HuggingFaceTB/SmolVLM-500M-Instruct"
    menu.load(first)
    wait_for(lambda: next(m for m in menu.reachable() if m.name == first).share == 0.25)
    with pytest.raises(NotFinished, match="being fetched"):
        menu.load(second)
    with pytest.raises(NotFound):
        menu.call_off(second)
    menu.call_off(first)
    wait_for(lambda: next(m for m in menu.reachable() if m.name == first).state == "away")


def of_hub(home, address):
    return {"HF_HOME": str(home), "HF_ENDPOINT": address, "HF_HUB_OFFLINE": "0"}


def command(*words, home, address, **environment):
    env = os.environ | of_hub(home, address) | environment
    line = [sys.executable, "-m", "fretboard.cli.main", *words]
    return subprocess.run(line, env=env, capture_output=True, text=True, cwd=home)


def test_the_command_fetches_lists_and_removes(checkpoint, tmp_path):
    with hub({NAME: checkpoint}) as address:
        fetched = command("models", "fetch", NAME, home=tmp_path, address=address)
        assert fetched.returncode == 0, fetched.stderr
        assert f"{NAME}  here" in command("models", home=tmp_path, address=address).stdout
        unknown = command("models", "fetch", "lab/none", home=tmp_path, address=address)
        assert unknown.returncode == 1
        assert "cannot be had from the hub" in unknown.stderr
        assert "Traceback" not in unknown.stderr
    removed = command("models", "remove", NAME, home=tmp_path, address=address)
    assert "are free again" in removed.stdout
    assert f"{NAME}  here" not in command("models", home=tmp_path, address=address).stdout


def test_offline_is_a_sentence(tmp_path):
    address = f"http://127.0.0.1:{free_port()}"
    done = command("models", "fetch", NAME, home=tmp_path, address=address)
    assert done.returncode == 1
    assert "Check the name and the network" in done.stderr


def test_a_model_is_chosen_over_http_and_answers_beside_the_first(checkpoint, tmp_path):
    with hub({NAME: checkpoint}) as address:
        assert not command("models", "fetch", NAME, home=tmp_path, address=address).returncode
        hub_variables = of_hub(tmp_path, address) | {"FRETBOARD_MODEL": "tiny-llava"}
        with Server(tmp_path / "data", fresh=True, **hub_variables) as server:
            url = f"{server.url}/api/models"
            wait_for(lambda: ready(url, "tiny-llava"), server.process)
            assert http.post(f"{url}/load", data={"name": NAME}).status_code == 202
            wait_for(lambda: ready(url, NAME), server.process)
            assert ready(url, "tiny-llava")
            asked = {"prompt": "What?", "model": NAME}
            sent = http.post(f"{server.url}/api/analyses", data=asked)
            assert sent.status_code == 202, sent.text
            place = f"{server.url}/api/analyses/{sent.json()['id']}"
            wait_for(lambda: http.get(place).json()["status"] == "done", server.process)


def ready(url, name):
    try:
        return any(m["name"] == name and m["state"] == "ready" for m in http.get(url).json())
    except httpx.TransportError:
        return False
