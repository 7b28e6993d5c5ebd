"""The adapter that is kept in the repository: small, complete, finite."""

import torch
from safetensors.torch import load_file

from fretboard.lite_vlm import ADAPTER
from fretboard.lite_vlm.checkpoint.tower import FEATURES, PROBES, WIDTH

LAYERS, LINEARS, WORDS = 30, 7, 576


def test_it_is_small_enough_to_keep() -> None:
    assert ADAPTER.stat().st_size < 16e6


def test_it_holds_every_part_in_its_shape() -> None:
    arrays = load_file(ADAPTER)
    assert all(torch.isfinite(array).all() for array in arrays.values())
    lora = [name for name in arrays if name.startswith("lora.layers.")]
    assert len(lora) == LAYERS * LINEARS * 2
    assert arrays["lora.layers.29.mlp.down_proj.up"].shape == (WORDS, 16)
    assert arrays["projector.linear_1.weight"].shape == (WORDS, WIDTH)
    assert arrays["projector.linear_2.weight"].shape == (WORDS, WORDS)
    classes, features = arrays["probes.weight"].shape
    assert classes <= PROBES
    assert features == FEATURES
    assert len(arrays["probes.bias"]) == classes
    nouns = arrays["classes.nouns"]
    assert len(nouns) == 1000 + classes
    assert set(nouns.tolist()) == set(range(int(nouns.max()) + 1))
