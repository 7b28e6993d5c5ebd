"""A checkpoint of small random parts, and a picture for it."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from fretboard.lite_vlm.checkpoint.assembly import save, tower_of
from tests.lite_vlm.parts import (
    byte_tokenizer,
    random_adapter,
    random_lite0,
    tiny_config,
    tiny_language,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    language = tiny_language()
    adapter = random_adapter(language)
    target = tmp_path_factory.mktemp("lite") / "checkpoint"
    tower = tower_of(random_lite0(), adapter)
    save(tower, tiny_config(), language.state_dict(), adapter, byte_tokenizer(), target)
    return target


@pytest.fixture(scope="module")
def picture() -> Image.Image:
    generator = torch.Generator().manual_seed(8)
    colours = (torch.rand(16, 24, 3, generator=generator) * 255).to(torch.uint8)
    return Image.fromarray(colours.numpy()).resize((256, 256), Image.Resampling.BICUBIC)
