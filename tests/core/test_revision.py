"""What changes an answer changes a checkpoint folder's revision; the ids of old records stay."""

import hashlib
import os
import shutil

import pytest

from fretboard.core import revision
from fretboard.core.model_info import served_model
from fretboard.core.own_models import BUNDLED_MODEL, BUNDLED_WEIGHTS
from fretboard.core.revision import file_digest, folder_revision
from fretboard.store.examples import EXAMPLES


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    (tmp_path / "model.safetensors").write_bytes(bytes(range(256)))
    return tmp_path


def first_rule(folder):
    """As revisions were computed when only these files counted."""
    digest = hashlib.sha256()
    for name in ("config.json", "model.safetensors"):
        content = (folder / name).read_bytes()
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:32]


def test_the_bundled_model_keeps_the_revision_of_the_records_shipped_with_it():
    assert served_model(BUNDLED_MODEL).revision == next(EXAMPLES.glob("models/*")).name


def test_a_folder_of_config_and_safetensors_keeps_its_revision(folder):
    (folder / "README.md").write_text("changes no answer")
    assert folder_revision(folder) == first_rule(folder)


@pytest.mark.parametrize(
    "name",
    [
        "pytorch_model-00001-of-00002.bin",
        "model-00002-of-00002.safetensors",
        "model.gguf",
        "chat_template.jinja",
        "additional_chat_templates/rag.jinja",
        "tokenizer.json",
        "tokenizer.model",
        "merges.txt",
        "vocab.txt",
        "preprocessor_config.json",
        "generation_config.json",
    ],
)
def test_each_file_that_can_change_an_answer_changes_it(folder, name):
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    seen = {folder_revision(folder)}
    for content in (b"one", b"two"):
        path.write_bytes(content)
        seen.add(folder_revision(folder))
    assert len(seen) == 3


@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin"])
def test_the_last_byte_of_a_large_shard_counts(folder, name, monkeypatch):
    monkeypatch.setattr(revision, "SMALL", 100)
    shard = folder / name
    shard.write_bytes(bytes(1000))
    before = folder_revision(folder)
    with shard.open("r+b") as file:
        file.seek(999)
        file.write(b"\1")
    assert folder_revision(folder) != before


def test_a_large_shard_is_read_once_until_it_is_changed_even_under_its_old_time(
    folder, monkeypatch
):
    monkeypatch.setattr(revision, "SMALL", 100)
    shard = folder / "model.safetensors"
    reads = []
    digest = hashlib.file_digest
    monkeypatch.setattr(hashlib, "file_digest", lambda *a: reads.append(a) or digest(*a))
    assert file_digest(shard) == file_digest(shard) == hashlib.sha256(bytes(range(256))).hexdigest()
    assert len(reads) == 1
    times = shard.stat()
    shard.write_bytes(bytes(256))
    os.utime(shard, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert file_digest(shard) == hashlib.sha256(bytes(256)).hexdigest()


def test_where_nothing_can_be_noted_the_file_is_read_again(folder, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(revision, "SMALL", 100)
    shard = folder / "model.safetensors"
    assert file_digest(shard) == file_digest(shard) == hashlib.sha256(bytes(range(256))).hexdigest()


def test_an_edited_template_of_the_bundled_model_is_another_model(tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(BUNDLED_WEIGHTS, copy)
    assert folder_revision(copy) == served_model(BUNDLED_MODEL).revision
    with (copy / "chat_template.jinja").open("a") as template:
        template.write(" ")
    assert folder_revision(copy) != served_model(BUNDLED_MODEL).revision
