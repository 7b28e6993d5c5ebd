"""Requests made up from the OpenAPI document: none may bring the server down (no 5xx)."""

import collections
import random

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from PIL import Image
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import status_code_conformance

from fretboard.core.settings import Settings
from fretboard.jobs.services import build_services
from fretboard.server.app import create_app
from tests.support.apps import at_work
from tests.support.images import encode
from tests.support.settings import make_settings

BIG = settings.get_current_profile_name() == "fuzz"
CASES = 150 if BIG else 4  # of each operation
KNOWN_SHARE = 0.7  # of the cases go to records that exist, and past the first check
PATIENCE_SECONDS = 300  # several fits of a map, UMAP's compilation before the first


@pytest.fixture(scope="module")
def known(checkpoint_folder, tmp_path_factory):
    """A server with finished analyses, sets and causal tests: (app, ids by parameter name)."""
    chosen = make_settings(
        checkpoint_folder,
        tmp_path_factory.mktemp("fuzz"),
        max_new_tokens=8,
        max_image_pixels=10**6,
    )
    services = build_services(chosen)
    with at_work(services) as client:
        yield client.app, _records(client)


@pytest.fixture(scope="module")
def statuses():
    """How often each status was answered, told at the end."""
    seen: collections.Counter[str] = collections.Counter()
    yield seen
    print(f"\n{seen.total()} requests: {dict(sorted(seen.items()))}")
    assert seen["200"] > 0 or seen.total() < CASES * 10  # of one or two operations, perhaps none


def _records(client: TestClient) -> dict[str, list[str]]:
    ids = []
    for colour in ("red", "green", "blue"):
        image = {"image": ("x.png", encode(Image.new("RGB", (30, 30), colour), "PNG"))}
        asked = {"prompt": "what is the colour ?", "max_new_tokens": 8}
        ids.append(client.post("/api/analyses", data=asked, files=image).json()["id"])
        client.get(f"/api/analyses/{ids[-1]}/events")
    asked = {"token": "0", "analysis": ids}
    sets = [client.post("/api/trajectories", data=asked).json()["id"]]
    asked = {"analysis": ids[0], "kind": "attribution"}
    tests = [client.post("/api/experiments", data=asked).json()["id"]]
    client.get(f"/api/experiments/{tests[0]}/events")
    return {
        "analysis_id": ids,
        "record_id": ids,
        "set_id": sets,
        "test_id": tests,
    }


def operations() -> list[tuple[str, str]]:
    """(path, method) of all that the document describes."""
    services = build_services(Settings(_env_file=None, STORE_URL="memory://", REDIS_URL=None))
    paths = create_app(services, lambda: None).openapi()["paths"]
    return [(path, method) for path, methods in paths.items() for method in methods]


@pytest.fixture(scope="module")
def schema(known):
    return schemathesis.openapi.from_asgi("/openapi.json", known[0])


@pytest.mark.parametrize(("path", "method"), operations())
def test_no_request_brings_it_down(known, schema, statuses, path, method):
    before = statuses.total()

    @settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(schema[path][method].as_strategy())
    def ask(case):
        _aim(case, known[1])
        response = case.call(timeout=PATIENCE_SECONDS)
        statuses[str(response.status_code)] += 1
        checks = [status_code_conformance]
        # A map that takes longer than a client waits is told so: ask again.
        if response.status_code != 503 or "retry-after" not in response.headers:
            checks.append(not_a_server_error)
        case.validate_response(response, checks=checks)

    ask()
    assert statuses.total() > before


def _aim(case, ids: dict[str, list[str]]) -> None:
    """Most cases at records that exist; but those are not deleted."""
    chance = random.Random(repr((case.path_parameters, case.query, case.body)))
    if case.method == "DELETE" or chance.random() > KNOWN_SHARE:
        return
    for name in case.path_parameters or {}:
        if name == "record_id" and "trajectories" in case.path:
            case.path_parameters[name] = chance.choice(ids["set_id"])
        elif name.endswith("_id"):  # a new kind of record belongs into `_records`
            case.path_parameters[name] = chance.choice(ids[name])
