"""What tests of checkpoint folders share."""

import shutil

import pytest


@pytest.fixture
def folder(checkpoint_folder, tmp_path):
    """A checkpoint of its own, to be changed."""
    return shutil.copytree(checkpoint_folder, tmp_path / "checkpoint")
