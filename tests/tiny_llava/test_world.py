"""The world is deterministic and its ground truth is what the pixels show."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fretboard.tiny_llava.world.backdrop import render
from fretboard.tiny_llava.world.draw import PALETTE
from fretboard.tiny_llava.world.scene import (
    COLORS,
    KINDS,
    NATIVE,
    POSITIONS,
    THIRD,
    TYPICAL_COLOR,
    Scene,
    SceneMix,
    sample_scene,
)


def nearest_color(pixel: np.ndarray) -> str:
    return min(COLORS, key=lambda name: float(np.abs(pixel - np.array(PALETTE[name])).sum()))


def share_of_color(scene: Scene, kind: str) -> float:
    """Share of the pixels of the first box that are nearest to the stated colour."""
    group = scene.find(kind)
    assert group is not None
    x0, y0, x1, y1 = (round(value * 2) for value in group.boxes[0])
    pixels = np.asarray(render(scene, 2 * NATIVE), float)[y0:y1, x0:x1].reshape(-1, 3)
    return float(np.mean([nearest_color(pixel) == group.color for pixel in pixels]))


def test_same_seed_same_scene_and_pixels() -> None:
    first, again = sample_scene(5), sample_scene(5)
    assert first == again
    assert np.array_equal(np.asarray(render(first)), np.asarray(render(again)))
    assert sample_scene(6) != first


@pytest.mark.parametrize("kind", KINDS)
def test_box_shows_the_stated_color(kind: str) -> None:
    one = SceneMix(counts=(1, 0, 0), several=0.0)
    scene = sample_scene(11, one, kind=kind, color="pink", place="meadow")
    assert share_of_color(scene, kind) > 0.2


@pytest.mark.parametrize("seed", range(60))
def test_groups_stand_where_the_truth_says(seed: int) -> None:
    scene = sample_scene(seed)
    positions = [POSITIONS.index(group.position) for group in scene.groups]
    assert positions == sorted(set(positions))
    for group in scene.groups:
        assert len(group.boxes) == group.count
        centers = [(x0 + x1) / 2 for x0, _, x1, _ in group.boxes]
        third = POSITIONS.index(group.position)
        assert abs(float(np.mean(centers)) - THIRD * (third + 0.5)) < THIRD / 2
        for x0, y0, x1, y1 in group.boxes:
            assert 0 <= x0 < x1 <= NATIVE
            assert 0 <= y0 < y1 <= NATIVE


def test_typical_and_counter_prior_mixes() -> None:
    for seed in range(50):
        typical = sample_scene(seed, SceneMix(typical=1.0))
        assert not any(group.counter_prior for group in typical.groups)
        counter = sample_scene(seed, SceneMix(typical=0.0))
        assert all(group.color != TYPICAL_COLOR[group.kind] for group in counter.groups)


def test_scene_command_writes_picture_and_truth_without_torch(tmp_path: Path) -> None:
    out = tmp_path / "x.png"
    code = (
        "import sys, runpy; sys.argv = ['tiny_llava', 'scene', '--out', sys.argv[1], '--kind',"
        "'pig', '--color', 'blue']; runpy.run_module('fretboard.tiny_llava', run_name='__main__');"
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code, str(out)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    truth = json.loads(out.with_suffix(".json").read_text())
    assert truth == json.loads(done.stdout)
    assert truth["groups"][0]["kind"] == "pig"
    assert truth["groups"][0]["color"] == "blue"
