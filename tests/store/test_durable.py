"""The durable store: atomic documents, arrays by name, deletion, clear errors."""

from concurrent.futures import ThreadPoolExecutor

import ml_dtypes
import numpy as np
import pytest

from fretboard.core.analysis import Analysis, ModelInfo, Status
from fretboard.core.errors import NotFound, Unavailable
from fretboard.core.image_set import ImageSet, SetRequest
from fretboard.core.question import AnalysisRequest
from fretboard.store.analyses import HIDDEN_STATES, open_sets, open_store
from tests.support.random_data import fresh
from tests.support.servers import free_port

MODEL = ModelInfo(name="m", revision="r", family="llava", layers=2, width=4, vocabulary=9)


def make(analysis_id="abc123"):
    return Analysis(id=analysis_id, request=AnalysisRequest(prompt="p", model="m"), model=MODEL)


@pytest.fixture(params=["folder", "memory", "s3"])
def url(request, tmp_path):
    if request.param == "s3":
        return request.getfixturevalue("s3_url")
    return str(tmp_path) if request.param == "folder" else "memory://"


@pytest.fixture
def store(url):
    return open_store(url)


def test_documents_round_trip(store):
    analysis = make()
    assert store.create(analysis)
    done = analysis.model_copy(update={"status": Status.DONE})
    store.write(done)
    assert store.read(analysis.id) == done
    assert list(store.ids()) == [analysis.id]


def test_only_one_of_many_creates_succeeds(store):
    with ThreadPoolExecutor(16) as pool:
        created = list(pool.map(lambda _: store.create(make()), range(64)))
    assert created.count(True) == 1


def test_arrays_are_read_one_by_one(store):
    arrays = {"x": np.arange(4.0), "y": np.eye(3, dtype=np.float32)}
    store.write_arrays("abc", "arrays", arrays, note='{"made": "so"}')
    np.testing.assert_array_equal(store.read_array("abc", "arrays", "y"), arrays["y"])
    array, note = store.read_noted("abc", "arrays", "x")
    np.testing.assert_array_equal(array, arrays["x"])
    assert note == {"made": "so"}
    with pytest.raises(NotFound, match="no array named 'z'"):
        store.read_array("abc", "arrays", "z")


def test_hidden_states_keep_their_bits(store):
    hidden = fresh().normal(size=(5, 3, 8)).astype(ml_dtypes.bfloat16)
    store.write_arrays("abc", HIDDEN_STATES, {HIDDEN_STATES: hidden})
    read = store.read_array("abc", HIDDEN_STATES, HIDDEN_STATES)
    assert read.dtype == hidden.dtype
    np.testing.assert_array_equal(read.view(np.uint16), hidden.view(np.uint16))


def test_image_sets_lie_beside_the_analyses(url):
    sets, store = open_sets(url), open_store(url)
    request = SetRequest(prompt="p", model="m", token="0")
    image_set = ImageSet(id="def456", request=request, members=[])
    assert sets.create(image_set)
    assert not sets.create(image_set)
    sets.write_arrays("def456", "derived/map", {"points": np.eye(2)})
    assert sets.read("def456") == image_set
    assert list(sets.ids()) == ["def456"]
    assert list(store.ids()) == []
    sets.delete("def456")
    assert list(sets.ids()) == []


def test_a_store_that_does_not_answer_says_so(s3_url, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("AWS_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(Unavailable, match="does not answer"):
        open_store(s3_url).read("abc123")


def test_delete_removes_everything(store):
    store.create(make())
    store.write_image("abc123", b"png")
    store.write_arrays("abc123", "derived/map", {"x": np.zeros(2)})
    store.delete("abc123")
    assert list(store.ids()) == []
    with pytest.raises(NotFound):
        store.read_image("abc123")
    with pytest.raises(NotFound):
        store.read_array("abc123", "derived/map", "x")


@pytest.mark.parametrize("strange", ["../secret", "a/b", "", ".", "a b", "%2e%2e"])
def test_ids_from_outside_cannot_leave_the_store(store, strange):
    with pytest.raises(NotFound):
        store.read(strange)


def test_a_half_written_file_is_never_seen(tmp_path):
    """Atomic replace: a reader sees the old or the new document, whatever happens between."""
    store = open_store(str(tmp_path))
    store.create(make())
    with ThreadPoolExecutor(8) as pool:
        writes = [pool.submit(store.write, make()) for _ in range(100)]
        for _ in range(200):
            assert store.read("abc123").id == "abc123"
        for write in writes:
            write.result()
