"""Records that cannot be read: told lost, passed over in lists, replaced, deleted, cleaned up."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from fretboard.core.analysis import Analysis, ModelInfo, Status, Token
from fretboard.core.errors import FretboardError, Lost, NotFound, StoreFull
from fretboard.core.question import AnalysisRequest
from fretboard.jobs.cleanup import StoreLimits, clean
from fretboard.jobs.services import build_services
from fretboard.store.analyses import ARRAYS, HIDDEN_STATES, open_store
from fretboard.store.objects import open_objects
from tests.support.damage import ARRAYS as OF_ARRAYS
from tests.support.damage import DOCUMENTS
from tests.support.settings import make_settings

LAYERS, WIDTH, WORDS = 2, 4, 9
MODEL = ModelInfo(name="m", revision="r", family="f", layers=LAYERS, width=WIDTH, vocabulary=WORDS)
BROKEN = [b"", b"{", b"[]", b"\xff\xfe", b'{"id": "abc"}', b'{"id": NaN}']
KEPT = Path(__file__).parent / "records-1" / "store"


def token(index=0, **more):
    numbers = {"probability": 0.5, "log_probability": -0.7, "rank": 1, "entropy": 1.0} | more
    return Token(index=index, id=3, text="x", **numbers)


def finished(analysis_id="abc123", tokens=3, **more):
    request = AnalysisRequest(prompt="p", model="m")
    emitted = [token(index) for index in range(tokens)]
    fields = {"status": Status.DONE, "tokens": emitted} | more
    return Analysis(id=analysis_id, request=request, model=MODEL, **fields)


def arrays(rng, tokens=3):
    cells, words = (LAYERS + 1, tokens), (LAYERS + 1, tokens, WORDS)
    return rng.random((*cells, WIDTH), np.float32), {
        "probability": rng.random(cells, np.float32),
        "log_probability": -rng.random(cells, np.float32),
        "rank": rng.integers(1, WORDS, cells, np.int32),
        "entropy": rng.random(cells, np.float32),
        "jsd": rng.random((LAYERS, tokens), np.float32),
        "top_ids": rng.integers(0, WORDS, words, np.int32),
        "top_probabilities": rng.random(words, np.float32),
    }


@pytest.fixture(params=["folder", "s3"])
def url(request, tmp_path):
    return request.getfixturevalue("s3_url") if request.param == "s3" else str(tmp_path)


@pytest.mark.parametrize("data", BROKEN)
def test_a_broken_document_is_lost_replaced_and_deleted(url, data, rng):
    store, objects = open_store(url), open_objects(url)
    for analysis_id in ("abc123", "def456"):
        store.write_finished(finished(analysis_id), *arrays(rng))
    objects.put("analyses/abc123/analysis.json", data)
    with pytest.raises(Lost, match="damaged"):
        store.read("abc123")
    assert [one.id for one in store.readable()] == ["def456"]
    assert store.finished("abc123") is None
    assert store.exists("abc123")  # the id is taken, until way is made
    assert not store.create(finished())
    assert store.make_way("abc123")
    assert store.create(finished())
    assert not store.make_way("abc123")
    objects.put("analyses/abc123/analysis.json", data)
    store.delete("abc123")
    assert list(store.ids()) == ["def456"]
    with pytest.raises(NotFound) as gone:
        store.delete("abc123")
    assert not isinstance(gone.value, Lost)


@pytest.mark.parametrize("cut", [0, 5, 8, 40, 0.5, 0.99])
def test_an_array_file_that_is_cut_off_is_lost(url, cut, rng):
    store, objects = open_store(url), open_objects(url)
    analysis = finished()
    store.write_finished(analysis, *arrays(rng))
    assert store.finished(analysis.id) == analysis
    path = f"analyses/{analysis.id}/{HIDDEN_STATES}.safetensors"
    data = objects.get(path)
    objects.put(path, data[: int(cut * len(data) if 0 < cut < 1 else cut)])
    with pytest.raises(Lost, match="hidden states of this analysis are damaged"):
        store.read_sound(analysis, HIDDEN_STATES)
    assert store.lost_parts(analysis) == [HIDDEN_STATES]
    assert store.finished(analysis.id) is None
    assert store.finished(analysis.id, [HIDDEN_STATES]) == analysis


@pytest.mark.parametrize(("name", "place"), [("jsd", (1, 2)), (HIDDEN_STATES, (0, 1, 3))])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_not_stored(tmp_path, rng, name, place, value):
    store = open_store(str(tmp_path))
    hidden, more = arrays(rng)
    (hidden if name == HIDDEN_STATES else more[name])[place] = value
    with pytest.raises(FretboardError, match=f"{name} is not finite at depth {place[0]}, token"):
        store.write_finished(finished(), hidden, more)
    assert list(store.ids()) == []


def test_arrays_of_another_shape_are_not_stored(tmp_path, rng):
    store = open_store(str(tmp_path))
    with pytest.raises(FretboardError, match="has shape 3 × 2 × 4, not 3 × 3 × 4"):
        store.write_finished(finished(), *arrays(rng, tokens=2))
    assert list(store.ids()) == []


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_document_that_could_not_be_read_again_is_not_stored(tmp_path, value):
    store = open_store(str(tmp_path))
    spoilt = finished(tokens=0).model_copy(update={"tokens": [token(entropy=value)]})
    for write in (store.write, store.create):
        with pytest.raises(FretboardError, match=r"cannot be stored: tokens\.0\.entropy"):
            write(spoilt)
    assert list(store.ids()) == []


def test_what_is_no_record_is_neither_listed_nor_cleaned_nor_in_the_way(tmp_path):
    (tmp_path / "analyses" / "lost+found").mkdir(parents=True)
    for name in ("analyses/.DS_Store", "analyses/lost+found/x", "analyses/abc"):
        (tmp_path / name).write_text("x")
    store = open_store(str(tmp_path))
    assert list(store.ids()) == []
    assert set(store.usage()) == {"abc"}
    with pytest.raises(Lost, match="something else lies in its place"):
        store.read("abc")
    store.delete("abc")
    assert not (tmp_path / "analyses" / "abc").exists()
    assert (tmp_path / "analyses" / ".DS_Store").exists()


def test_a_store_that_is_a_file_is_told(tmp_path):
    (tmp_path / "store").write_text("x")
    with pytest.raises(StoreFull, match="A file lies where the folder should be"):
        open_store(str(tmp_path / "store"))


@pytest.fixture
def services(tmp_path):
    """The records of the first version, each of the documents damaged in another way."""
    shutil.copytree(KEPT, tmp_path / "store")
    documents = sorted((tmp_path / "store").glob("*/*/*.json"))
    documents = [path for path in documents if path.parent.parent.name != "models"]
    damages = [DOCUMENTS[name] for name in DOCUMENTS]
    for number, path in enumerate(documents):
        damages[number % len(damages)](path)
    return build_services(make_settings(tmp_path / "no-model", tmp_path / "store"))


def test_damaged_records_stop_no_start(services):
    assert services.unfinished() == []


@pytest.mark.parametrize("limits", [StoreLimits(keep_days=1), StoreLimits(store_bytes=1)])
def test_damaged_records_are_cleaned_up(services, limits):
    store = Path(services.settings.store_url)
    for path in store.rglob("*"):
        os.utime(path, (1e9, 1e9))
    assert sum(clean(services, limits, dry=True).removed.values()) > 10
    clean(services, limits)
    left = {path.parent.parent.name for path in store.rglob("*") if path.is_file()}
    assert left <= {"models"}


@pytest.mark.parametrize("damage", OF_ARRAYS)
def test_each_damage_of_arrays_is_seen(tmp_path, rng, damage):
    store = open_store(str(tmp_path))
    analysis = finished()
    store.write_finished(analysis, *arrays(rng))
    OF_ARRAYS[damage](tmp_path / "analyses" / analysis.id / f"{ARRAYS}.safetensors")
    assert store.lost_parts(analysis) == [ARRAYS]
