"""Token activation maps against the published steps, written out in float64 on random inputs."""

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.optimize import minimize_scalar

from fretboard.engine.causal.activation import activation_maps, rank_gaussian, without_context
from fretboard.engine.causal.forced import answer
from fretboard.model.checkpoint import assemble
from fretboard.model.grid import Grid
from fretboard.model.inputs import build_inputs
from tests.support.random_data import fresh
from tests.support.tiny_models import make_llava


def filtered(cells):
    """Window by window, as the method's paper says it."""
    rows, columns = cells.shape
    result = np.zeros_like(cells)
    mirrored = lambda at, size: size - 1 - abs(size - 1 - abs(at))  # noqa: E731
    for row in range(rows):
        for column in range(columns):
            window = sorted(
                cells[mirrored(row + i, rows), mirrored(column + j, columns)]
                for i in (-1, 0, 1)
                for j in (-1, 0, 1)
            )
            if not any(window):
                continue
            sigma = np.std(window) / np.mean(window)
            weights = [np.exp(-((rank - 4) ** 2) / (2 * sigma**2)) for rank in range(9)]
            result[row, column] = np.dot(window, weights) / sum(weights)
    return result


def test_the_filter_is_a_mean_about_the_median_of_each_window():
    cells = np.maximum(fresh().normal(size=(5, 7)), 0.0)
    np.testing.assert_allclose(rank_gaussian(cells), filtered(cells), atol=1e-12)
    np.testing.assert_allclose(rank_gaussian(np.full((3, 3), 0.7)), 0.7)
    speck = np.zeros((5, 5))
    speck[2, 2] = 1.0
    assert rank_gaussian(speck).max() < 0.1


def test_what_earlier_tokens_explain_is_taken_away_by_least_squares():
    random = fresh()
    earlier, own, weights = random.random((12, 6)), random.random(12), random.random(6)
    counts = random.random(6) < 0.6
    around = sum(weights[i] * earlier[:, i] for i in range(6) if counts[i]) + np.zeros(12)
    scale = minimize_scalar(lambda s: ((own - s * around) ** 2).sum()).x
    found = without_context(earlier, own, weights, counts)
    np.testing.assert_allclose(found, np.maximum(own - scale * around, 0), atol=1e-6)
    np.testing.assert_array_equal(without_context(earlier, own, weights, counts & False), own)


@pytest.fixture(scope="module")
def forced():
    model, processor = make_llava()
    checkpoint = assemble(model.double(), processor, processor.tokenizer)
    pixels = np.random.default_rng(0).integers(0, 255, (30, 30, 3), dtype=np.uint8)
    inputs = build_inputs(checkpoint, "what is the cat", Image.fromarray(pixels), "red dog red cat")
    return answer(checkpoint, inputs, 4)


def test_the_maps_are_the_models_own_logits_less_the_context(forced):
    """Read off the model's own logits over all positions, token by token."""
    with torch.inference_mode():
        own = forced.checkpoint.model(**forced.tensors, use_cache=False).logits[0].double().numpy()
    own = np.maximum(own, 0)
    special = forced.checkpoint.tokenizer.all_special_ids
    ids = forced.tensors["input_ids"][0].tolist()
    first, image = forced.prompt_tokens - 1, forced.image.numpy()
    text = [(at, ids[at]) for at in range(first) if at not in image and ids[at] not in special]
    expected = []
    for index, word in enumerate(forced.emitted):
        said = [(first + i, n) for i, n in enumerate(forced.emitted[:index])]
        context = [(at, n) for at, n in text + said if n != word]
        around = sum(own[at, word] * own[image, n] for at, n in context)
        mine = own[image, word]
        scale = (mine @ around) / (around @ around)
        expected.append(np.maximum(mine - scale * around, 0))
    np.testing.assert_allclose(activation_maps(forced), np.stack(expected, 1), atol=1e-5)
    assert forced.emitted[0] == forced.emitted[2]  # a word that was said before is left out


def test_patches_are_filtered_where_they_lie(forced):
    plain, side = activation_maps(forced), int(len(forced.image) ** 0.5)
    order = fresh().permutation(side * side)  # the patches may come in any order
    corners = np.array([(i % side, i // side) for i in order], np.float32) / side
    places = torch.from_numpy(np.concatenate([corners, corners + 1 / side], 1))
    grid = Grid(places, torch.zeros(len(order), dtype=torch.int))
    cells = np.empty((side, side, plain.shape[1]))
    cells[order // side, order % side] = plain
    expected = np.stack([filtered(cells[..., t]) for t in range(plain.shape[1])], -1)
    found = activation_maps(forced, grid)
    np.testing.assert_allclose(found, expected[order // side, order % side], atol=1e-9)
    unknown = Grid(places * torch.nan, grid.level)
    np.testing.assert_array_equal(activation_maps(forced, unknown), plain)
