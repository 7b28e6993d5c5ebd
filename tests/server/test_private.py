"""Private analyses have ids that nobody can guess, and deleting leaves nothing behind."""

import contextlib
import threading

import pytest
from PIL import Image

from fretboard.core.analysis import analysis_id
from fretboard.core.errors import NotFound
from fretboard.jobs.services import build_services
from tests.support.api_calls import finished, post
from tests.support.apps import at_work
from tests.support.images import encode
from tests.support.servers import wait_for
from tests.support.settings import make_settings
from tests.support.traces import texts_within


def test_a_private_request_is_never_found_again(client, services, png):
    open_one, again = (post(client, png, max_new_tokens=2).json()["id"] for _ in range(2))
    assert open_one == again
    private = [post(client, png, max_new_tokens=2, private="true") for _ in range(2)]
    assert {answer.status_code for answer in private} == {202}
    ids = {open_one, *(answer.json()["id"] for answer in private)}
    assert len(ids) == 3
    document, _ = finished(client, private[0])
    assert document["status"] == "done"
    stored = services.store.read(document["id"])
    guess = stored.request.model_copy(update={"salt": None})
    assert analysis_id(guess, stored.model) == open_one  # all but the salt is the same
    assert len(bytes.fromhex(stored.request.salt)) == 16


@pytest.fixture(params=["here", "redis"])
def service(request, checkpoint_folder, tmp_path):
    """(client, services, texts): `texts()` is all that the store and Redis hold, names included."""
    more = {}
    if request.param == "redis":
        request.getfixturevalue("redis_client")
        more["REDIS_URL"] = request.getfixturevalue("redis_url")
    services = build_services(make_settings(checkpoint_folder, tmp_path / "store", **more))
    with at_work(services) as client:
        yield client, services, lambda: traces(tmp_path / "store", services, more)


def traces(folder, services, more) -> list[bytes]:
    found = [str(path).encode() for path in folder.rglob("*")]
    found += [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    if more:
        from redis import Redis

        redis = Redis.from_url(more["REDIS_URL"])
        for key in redis.scan_iter("*"):
            found += [key, redis.dump(key) or b""]
    else:
        found += texts_within([services.bus, services.cache, services.jobs])
    return found


def gone(texts, record_id) -> bool:
    """Whether every trace of the id disappears, as soon as what ran is over."""
    left: list[bytes] = []

    def none_left() -> bool:
        try:
            left[:] = [text[:200] for text in texts() if record_id.encode() in text]
        except (FileNotFoundError, RuntimeError):  # something went while it was looked at
            return False
        return not left

    with contextlib.suppress(AssertionError):
        wait_for(none_left)
    assert not left
    return True


def test_delete_leaves_nothing(service, png):
    client, services, texts = service
    document, _ = finished(client, post(client, png, max_new_tokens=6))
    base = f"/api/analyses/{document['id']}"
    assert client.get(f"{base}/words", params={"token": 0, "word": "red"}).status_code == 200
    assert client.get(f"{base}/figures/trajectory?method=pca").status_code == 200
    asked = {"analysis": document["id"], "kind": "attribution"}
    test_id = client.post("/api/experiments", data=asked).json()["id"]
    client.get(f"/api/experiments/{test_id}/events")
    assert services.tests.read(test_id).tokens
    assert any(document["id"].encode() in text for text in texts())
    assert client.delete(base).status_code == 204
    assert gone(texts, document["id"])
    assert gone(texts, test_id)
    assert client.get(base).status_code == 404


def test_deleting_what_runs_leaves_nothing(service, png, monkeypatch):
    client, services, texts = service
    begun, deleted = threading.Event(), threading.Event()
    write_arrays = type(services.store).write_arrays

    def slow(self, *args, **more):  # the worker writes its result while the record is deleted
        begun.set()
        deleted.wait(10)
        write_arrays(self, *args, **more)

    monkeypatch.setattr(type(services.store), "write_arrays", slow)
    record_id = post(client, png, max_new_tokens=3).json()["id"]
    assert begun.wait(20)
    assert client.delete(f"/api/analyses/{record_id}").status_code == 204
    deleted.set()
    assert gone(texts, record_id)
    with pytest.raises(NotFound):
        services.store.read(record_id)


def test_what_ends_while_it_is_deleted_leaves_nothing(service, png, monkeypatch):
    """The record was read as running, and the worker is through before it is told to stop."""
    client, services, texts = service
    begun, may_end = threading.Event(), threading.Event()
    write_arrays, withdraw = type(services.store).write_arrays, type(services.jobs).withdraw

    def held(self, *args, **more):
        begun.set()
        may_end.wait(20)
        write_arrays(self, *args, **more)

    def late(self, document):
        may_end.set()
        wait_for(lambda: not self.knows(document))
        return withdraw(self, document)

    monkeypatch.setattr(type(services.store), "write_arrays", held)
    monkeypatch.setattr(type(services.jobs), "withdraw", late)
    record_id = post(client, png, max_new_tokens=4).json()["id"]
    assert begun.wait(20)
    assert client.delete(f"/api/analyses/{record_id}").status_code == 204
    assert gone(texts, record_id)


def test_a_private_set_takes_its_analyses_along(service):
    client, services, texts = service
    colours = [encode(Image.new("RGB", (30, 30), name), "PNG") for name in ("red", "blue")]
    files = [("images", (f"{row}.png", data)) for row, data in enumerate(colours)]
    asked = {"prompt": "what colour", "token": "0", "max_new_tokens": 2}
    private, plain = (
        client.post("/api/trajectories", data=asked | {"private": value}, files=files).json()["id"]
        for value in ("true", "false")
    )
    members = {
        name: [m.analysis_id for m in services.sets.read(name).members] for name in (private, plain)
    }
    assert not set(members[private]) & set(members[plain])
    client.get(f"/api/trajectories/{private}/events")
    for name in (private, plain):
        assert client.delete(f"/api/trajectories/{name}").status_code == 204
        assert gone(texts, name)
    assert all(gone(texts, member) for member in members[private])
    assert all(services.store.read(member) for member in members[plain])


def test_what_is_stored_of_an_upload(service):
    """A picture afresh: no metadata, no bytes of the file, no name of it."""
    client, _, texts = service
    exif = Image.Exif()
    exif[0x010E] = "secret-place"
    data = encode(Image.new("RGB", (30, 30), "red"), "JPEG", exif=exif, comment=b"secret-word")
    answer = client.post(
        "/api/analyses",
        data={"prompt": "what", "max_new_tokens": 1},
        files={"image": ("secret-name.jpg", data + b"secret-tail")},
    )
    client.get(f"{answer.headers['location']}/events")
    assert not [text for text in texts() if b"secret-" in text]
