"""Where image positions lie: a square of the picture changes, and the positions on it notice."""

import numpy as np
import pytest
import torch
from PIL import Image

from fretboard.core.errors import InputError
from fretboard.model.checkpoint import assemble
from fretboard.model.grid import CROPS, WHOLE_PICTURE, patch_grid
from fretboard.model.inputs import build_inputs
from fretboard.model.patches import patch_states
from tests.model.test_families import FAMILIES, loaded
from tests.support.random_data import fresh
from tests.support.seeing import CASES, seeing
from tests.support.tiny_models import make_llava

PROMPT = "the cat"
COVERED = 0.15  # share of a patch's cell under the square, from which on it must notice
RESIZED = 0.55  # of a cell: how far resizing carries the change past the square's edge
CUTTING = {"llava_next", "llava_onevision", "internvl", "aya_vision", "idefics3", "smolvlm"}


def random_picture(rng):
    """(picture, the same with a bright square, the square as shares of width and height)."""
    size = rng.integers(50, 140, 2)
    side = rng.uniform(0.25, 0.4, 2)
    at = rng.uniform(0, 1 - side)
    left, top, right, bottom = np.rint(np.array([*at, *(at + side)]) * np.tile(size, 2)).astype(int)
    plain = rng.integers(60, 110, (size[1], size[0], 3)).astype(np.uint8)
    marked = plain.copy()
    marked[top:bottom, left:right] = 250
    square = np.array([left, top, right, bottom]) / np.tile(size, 2)
    return Image.fromarray(plain), Image.fromarray(marked), square


def overlap(rectangles, square, margin=0.0):
    """Share of each rectangle, grown by `margin` at each side, under the square; 0 for NaN."""
    low, high = rectangles[:, :2] - margin, rectangles[:, 2:] + margin
    sides = np.minimum(high, square[2:]) - np.maximum(low, square[:2])
    return np.nan_to_num(sides.clip(0).prod(1) / (high - low).prod(1))


@pytest.mark.parametrize("case", CASES)
def test_the_positions_on_a_square_are_those_that_notice_it(case, tmp_path):
    checkpoint, rng = seeing(case, tmp_path), fresh()
    for _ in range(2):
        plain, marked, square = random_picture(rng)
        before, after = (
            patch_states(checkpoint, build_inputs(checkpoint, PROMPT, picture, None))[0]
            for picture in (plain, marked)
        )
        noticed = (before - after).abs().amax(-1).numpy()
        grid = patch_grid(checkpoint, PROMPT, plain)
        places = grid.rectangles.numpy()
        assert places.shape == (len(noticed), 4)
        sides = places[:, 2:] - places[:, :2]
        # A pooled position mixes its neighbours in, and is asked at its middle.
        covered, carried = (0.5, 2 * RESIZED) if "pooled" in case else (COVERED, RESIZED)
        margin = carried * np.nanmedian(sides, axis=0)
        on, off = overlap(places, square) > covered, overlap(places, square, margin) == 0
        if CASES[case][0] not in CUTTING:
            assert set(grid.level.tolist()) == {WHOLE_PICTURE}
        else:
            assert set(grid.level.tolist()) == {WHOLE_PICTURE, CROPS}
        on &= (sides > margin).all(1)  # a sliver beside padding may notice too little
        most = noticed.max()  # 0 where the square lies outside the middle that LLaVA cuts out
        assert noticed[off].max(initial=0) <= 0.1 * most
        assert noticed[on].min(initial=np.inf) > 0.05 * most  # the least covered notices least


def test_the_middle_that_is_cut_out_is_found():
    checkpoint = assemble(*make_llava(), make_llava()[1].tokenizer)
    width, height = fresh().integers([300, 100], [500, 250])
    grid = patch_grid(checkpoint, PROMPT, Image.new("RGB", (int(width), int(height))))
    resized = int(24 * width / height)  # CLIP's processor works in whole pixels
    left, side = (resized - 24) // 2 / resized, 24 / resized
    expected = [
        [left + side * c / 3, r / 3, left + side * (c + 1) / 3, (r + 1) / 3]
        for r in range(3)
        for c in range(3)
    ]
    expected = torch.tensor(expected).double()
    torch.testing.assert_close(grid.rectangles.double(), expected, atol=0.004, rtol=0)


def test_what_cannot_be_mapped_is_refused_with_the_reason(tmp_path):
    picture = Image.new("RGB", (40, 30))
    for name, reason in (("mllama", "cross-attention"), ("instructblip", "whole picture")):
        with pytest.raises(InputError, match=reason):
            patch_grid(loaded(name), PROMPT, picture)
    checkpoint = seeing("llava", tmp_path)
    with pytest.raises(InputError, match="too small"):
        patch_grid(checkpoint, PROMPT, picture.resize((40, 5)))
    checkpoint.processor.vision_feature_select_strategy = "full"  # a class token among the patches
    with pytest.raises(InputError, match="17 image positions are not known"):
        patch_grid(checkpoint, PROMPT, picture)
    checkpoint.model.config.model_type = "unheard_of"
    with pytest.raises(InputError, match="unheard_of"):
        patch_grid(checkpoint, PROMPT, picture)
    assert "unheard_of" not in FAMILIES
