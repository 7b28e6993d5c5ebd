"""Pictures seen by the tower once: its 1280 features and the colours of every cell, kept on disk.

The tower stays frozen, so a training step costs only the language model. Items are numbered;
an item's number settles its kind and its seed, so any part of the bank can be made again.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ..checkpoint.spare import COLOURS
from ..checkpoint.tower import FEATURES, GRID
from .backgrounds import draw_background, draw_nothing
from .photographs import draw_photograph
from .scenes import Folders, Mix, sample_scene, truth

CHUNK = 250
CELLS = GRID * GRID
Truth = dict[str, Any]
KINDS = ("scene",) * 16 + ("background", "background", "nothing", "photograph")


@dataclass(frozen=True, slots=True)
class Item:
    """One picture as the tower sees it, and what is true of it."""

    features: NDArray[np.float16]  # cells x 1280
    colours: NDArray[np.float16]  # cells x 11
    truth: Truth


def draw_item(number: int, folders: Folders) -> tuple[Image.Image, Truth]:
    """Picture and truth of item ``number``."""
    kind = KINDS[number % len(KINDS)]
    chance = random.Random(f"item {number}")
    if kind == "scene":
        picture, things = sample_scene(number, Mix(), folders)
        return picture, {"kind": kind, "things": truth(things)}
    if kind == "photograph":
        picture, noun = draw_photograph(chance, folders)
        return picture, {"kind": kind, "noun": noun}
    if kind == "nothing":
        return draw_nothing(chance), {"kind": kind}
    return draw_background(chance, folders.walls, held=False), {"kind": kind}


def pixels(pictures: list[Image.Image]) -> Tensor:
    """Pictures of 256 px as the processor hands them to the tower."""
    stacked = torch.from_numpy(
        np.stack([np.asarray(picture.convert("RGB")) for picture in pictures])
    )
    return (stacked.permute(0, 3, 1, 2).float() - 127) / 128


class Watcher:
    """The tower together with what its classifier reads."""

    def __init__(self, tower: Any) -> None:
        self._tower = tower
        self._features: Tensor = torch.empty(0)
        tower.encoder.blocks[16].expansion.register_forward_hook(self._keep)

    def _keep(self, _module: object, _inputs: object, output: Tensor) -> None:
        self._features = output

    @torch.no_grad()
    def see(self, pictures: list[Image.Image]) -> tuple[NDArray[np.float16], NDArray[np.float16]]:
        """Features (n, cells, 1280) and colours (n, cells, 11)."""
        self._tower(pixels(pictures))
        seen = self._features.flatten(2).transpose(1, 2).numpy().astype(np.float16)
        return seen[..., :FEATURES], seen[..., FEATURES : FEATURES + len(COLOURS)]


def fill_bank(
    folder: Path, chunks: int, watcher: Watcher, folders: Folders, report: Callable[[str], None]
) -> None:
    """Make the chunks that are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    for chunk in range(chunks):
        path = folder / f"{chunk:03d}.npz"
        if path.exists():
            continue
        drawn = [draw_item(number, folders) for number in range(chunk * CHUNK, (chunk + 1) * CHUNK)]
        seen = [
            watcher.see([picture for picture, _ in drawn[at : at + 25]])
            for at in range(0, CHUNK, 25)
        ]
        partial = path.with_suffix(".partial.npz")
        np.savez(
            partial,
            features=np.concatenate([features for features, _ in seen]),
            colours=np.concatenate([colours for _, colours in seen]),
            truth=np.array(json.dumps([stated for _, stated in drawn])),
        )
        partial.replace(path)
        report(f"bank: chunk {chunk + 1} of {chunks}")


def read_bank(folder: Path) -> Iterator[Item]:
    """Every item made so far, in order."""
    for path in sorted(folder.glob("[0-9][0-9][0-9].npz")):
        with np.load(path) as chunk:
            features, colours = chunk["features"], chunk["colours"]
            stated = json.loads(str(chunk["truth"]))
        for index, entry in enumerate(stated):
            yield Item(features[index], colours[index], entry)
