"""The shipped examples belong to the shipped model and gallery, and open without the model."""

import numpy as np
import pytest
from fastapi.testclient import TestClient

from fretboard.analysis.questions import prepare
from fretboard.core.arrays import Derived
from fretboard.core.own_models import LITE_VLM
from fretboard.core.question import Question
from fretboard.core.settings import Settings
from fretboard.jobs.services import build_services
from fretboard.server.app import create_app
from fretboard.store.analyses import open_store
from fretboard.store.examples import EXAMPLES, gallery_entries, gallery_image, seed_examples
from tests.support.damage import DOCUMENTS

SHIPPED = 4


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    folder = tmp_path_factory.mktemp("store")
    return Settings(_env_file=None, STORE_URL=str(folder), model="tiny-llava")


@pytest.fixture(scope="module")
def client(settings) -> TestClient:
    """No worker: whatever needs one would fail."""
    seed_examples(settings)
    return TestClient(create_app(build_services(settings), lambda: None))


def ready(client) -> list[dict]:
    return [entry for entry in client.get("/api/gallery").json() if entry["analysis_id"]]


def test_a_dozen_scenes_of_three_kinds():
    assert len(gallery_entries()) >= 12
    kinds = {entry["category"] for entry in gallery_entries()}
    assert kinds == {"typical", "counter-prior", "multi-object"}


def test_the_model_for_photographs_has_pictures_of_its_own():
    entries = gallery_entries(LITE_VLM)
    assert {entry["category"] for entry in entries} >= {"photograph", "against the prior"}
    sizes = [gallery_image(entry["file"]).stat().st_size for entry in entries]
    assert sum(sizes) < 500_000
    assert not {entry["file"] for entry in entries} & {entry["file"] for entry in gallery_entries()}


def test_every_shipped_analysis_answers_a_gallery_entry(settings):
    ids = set()
    for entry in gallery_entries():
        picture = gallery_image(entry["file"]).read_bytes()
        asked = Question(prompt=entry["prompt"], image=picture)
        ids.add(prepare(settings, asked)[0].id)
    shipped = set(open_store(str(EXAMPLES)).ids())
    assert len(shipped) == SHIPPED
    assert shipped <= ids


@pytest.mark.parametrize("place", range(SHIPPED))
def test_a_ready_example_opens_whole_without_the_model(client, place):
    url = f"/api/analyses/{ready(client)[place]['analysis_id']}"
    document = client.get(url).json()
    assert document["status"] == "done"
    for name in ("fretboard", "competition", "divergence", "trajectory", "trajectory?method=pca"):
        assert client.get(f"{url}/figures/{name}").status_code == 200
    last = len(document["tokens"]) - 1
    assert client.get(f"{url}/words?token={last}&word=red").status_code == 200


def test_its_numbers_are_consistent(client, settings):
    store = open_store(settings.store_url)
    for entry in ready(client):
        analysis = store.read(entry["analysis_id"])
        for token in analysis.tokens:
            kept = Derived("distribution", analysis.request.lens, token=token.index).file
            table = store.read_array(analysis.id, kept, "probabilities")
            np.testing.assert_allclose(table.sum(1), 1, atol=1e-5)
            assert table[-1, token.id] == pytest.approx(token.probability, abs=1e-5)


@pytest.mark.parametrize("damage", DOCUMENTS)
def test_an_example_that_is_damaged_comes_back(tmp_path, damage):
    settings = Settings(_env_file=None, STORE_URL=str(tmp_path), model="tiny-llava")
    seed_examples(settings)
    store = open_store(str(tmp_path))
    example = next(store.ids())
    before = store.finished(example)
    DOCUMENTS[damage](store.folder(example) / "analysis.json")
    seed_examples(settings)
    assert store.finished(example) == before is not None
    assert {path.name for path in (tmp_path / "analyses").iterdir()} == set(store.ids())


def test_seeding_again_changes_nothing(settings):
    store = open_store(settings.store_url)
    before = sorted(store.ids())
    seed_examples(settings)
    assert sorted(store.ids()) == before
