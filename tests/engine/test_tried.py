"""The table of checkpoints that were tried: rows go in once, and known faults are told."""

import json
import logging
from importlib.metadata import version

import pytest

from fretboard.core.errors import InputError
from fretboard.core.settings import Settings
from fretboard.engine import load
from fretboard.engine.tried import TABLE, add, known_fault, read
from fretboard.store.analyses import open_store

ROW = {
    "model": "lab/llava-x", "family": "llava", "revision": "abc", "dtype": "bfloat16",
    "transformers": "5.17.0", "passed": True, "problems": [],
}  # fmt: skip
FAILED = ROW | {"passed": False, "problems": ["The image changes nothing."]}


def test_a_row_replaces_the_one_of_the_same_checkpoint(tmp_path):
    table = tmp_path / "tried.json"
    add(FAILED, table)
    add(ROW | {"family": "aria", "model": "lab/aria"}, table)
    add(ROW, table)
    add(ROW | {"transformers": "5.18.0"}, table)
    rows = read(table)
    assert [(row["family"], row["transformers"], row["passed"]) for row in rows] == [
        ("aria", "5.17.0", True), ("llava", "5.17.0", True), ("llava", "5.18.0", True),
    ]  # fmt: skip
    assert list(tmp_path.iterdir()) == [table]


@pytest.mark.parametrize("text", ["", "{}", "[1]", '[{"model": "x"}]'])
def test_another_file_is_refused_and_left(tmp_path, text):
    table = tmp_path / "mine.json"
    table.write_text(text)
    with pytest.raises(InputError, match=r"table|rows"):
        add(ROW, table)
    assert table.read_text() == text


def test_a_family_that_failed_with_a_version_is_told(tmp_path):
    table = tmp_path / "tried.json"
    add(FAILED, table)
    assert "The image changes nothing." in known_fault("llava", "5.17.0", table)
    assert known_fault("llava", "5.18.0", table) == ""
    assert known_fault("aria", "5.17.0", table) == ""
    add(ROW | {"model": "lab/another"}, table)
    known_fault.cache_clear()
    assert known_fault("llava", "5.17.0", table) == ""  # it does work somewhere


def test_it_is_warned_of_at_load(monkeypatch, caplog, tmp_path):
    table = tmp_path / "tried.json"
    add(FAILED | {"transformers": version("transformers")}, table)
    monkeypatch.setattr(load, "known_fault", lambda *about: known_fault(*about, table))
    settings = Settings(_env_file=None, model="tiny-llava", device="cpu")
    with caplog.at_level(logging.WARNING):
        load.load_pipeline(settings, open_store("memory://"))
    assert "the family llava has failed `fretboard check`" in caplog.text


def test_the_shipped_table_is_sound():
    rows = read(TABLE)
    assert [row["model"] for row in rows if row["passed"]]
    assert rows == sorted(rows, key=lambda row: [str(row["family"]), str(row["model"])])
    assert json.loads(TABLE.read_text()) == rows
