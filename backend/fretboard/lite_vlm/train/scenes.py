"""Composed scenes: one to three stamps on a background, with their full truth."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from ..checkpoint.tower import GRID, IMAGE
from .backgrounds import draw_background
from .stamps import Stamp, colour_of, load_stamp, own_colour, recoloured, stamps

Place = Literal["left", "middle", "right"]
THIRDS: tuple[Place, ...] = ("left", "middle", "right")
CENTRES = {"left": 0.22, "middle": 0.5, "right": 0.78}
SIDES = {1: (0.45, 0.75), 2: (0.42, 0.56), 3: (0.34, 0.44)}  # of the picture's side
LARGE = (0.75, 1.2)


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing of a scene as it is seen."""

    noun: str
    colour: str | None
    typical: bool  # in the colour in which it was photographed
    place: Place | None  # None: it fills the picture
    stamp: str
    cells: tuple[int, ...]  # cells of the tower's grid that it mostly fills


@dataclass(frozen=True, slots=True)
class Folders:
    """Where the packages' files lie."""

    stamps: Path
    walls: Path


@dataclass(frozen=True, slots=True)
class Mix:
    """What scenes are drawn: shares of recoloured things, held-out stamps and walls or not."""

    counter: float = 0.4
    held_stamps: bool = False
    held_walls: bool = False
    counts: tuple[float, float, float, float] = (0.3, 0.25, 0.3, 0.15)  # large, one, two, three


def sample_scene(seed: int, mix: Mix, folders: Folders) -> tuple[Image.Image, list[Thing]]:
    """The picture and its things, from left to right."""
    chance = random.Random(f"scene {seed}")
    form = chance.choices(("large", 1, 2, 3), mix.counts)[0]
    count = 1 if form == "large" else int(form)
    picture = draw_background(chance, folders.walls, mix.held_walls)
    places = sorted(chance.sample(THIRDS, count), key=THIRDS.index)
    things = []
    for stamp, place in zip(_choose(chance, count, mix), places, strict=True):
        large = form == "large"
        side = chance.uniform(*(LARGE if large else SIDES[count]))
        things.append(_put(picture, chance, stamp, None if large else place, side, mix, folders))
    if chance.random() < 0.3:
        picture = picture.filter(ImageFilter.GaussianBlur(chance.uniform(0.3, 1.0)))
    return _grained(picture, chance), things


def _choose(chance: random.Random, count: int, mix: Mix) -> list[Stamp]:
    """Stamps of different nouns, each noun as likely as the next but for common ones."""
    by_noun: dict[str, list[Stamp]] = {}
    for stamp in stamps():
        if stamp.held == mix.held_stamps:
            by_noun.setdefault(stamp.noun, []).append(stamp)
    nouns = list(by_noun)
    weights = [len(by_noun[noun]) ** 0.5 for noun in nouns]
    chosen: dict[str, Stamp] = {}
    while len(chosen) < count:
        noun = chance.choices(nouns, weights)[0]
        chosen[noun] = chance.choice(by_noun[noun])
    return list(chosen.values())


def _put(
    picture: Image.Image,
    chance: random.Random,
    stamp: Stamp,
    place: Place | None,
    side: float,
    mix: Mix,
    folders: Folders,
) -> Thing:
    image = load_stamp(folders.stamps, stamp.name)
    natural = own_colour(folders.stamps, stamp.name)
    if chance.random() < mix.counter:
        image = recoloured(image, chance)
    colour = colour_of(image)
    if chance.random() < 0.5 and stamp.noun not in ("sign", "stop sign"):
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    image = image.rotate(chance.uniform(-14, 14), Image.Resampling.BILINEAR, expand=True)
    scale = side * IMAGE / max(image.size)
    image = image.resize(
        [max(8, round(edge * scale)) for edge in image.size], Image.Resampling.BICUBIC
    )
    image = _lit(image, chance)
    centre = (
        chance.gauss(0.5, 0.06) if place is None else CENTRES[place] + chance.uniform(-0.04, 0.04)
    )
    height = chance.gauss(0.52, 0.06) if place is None else chance.uniform(0.35, 0.68)
    corner = (round(centre * IMAGE - image.width / 2), round(height * IMAGE - image.height / 2))
    picture.paste(image, corner, image)
    typical = colour is not None and colour == natural
    return Thing(stamp.noun, colour, typical, place, stamp.name, _filled(image, corner))


def _filled(image: Image.Image, corner: tuple[int, int]) -> tuple[int, ...]:
    """Numbers of the cells of which at least four tenths are opaque."""
    canvas = Image.new("L", (IMAGE, IMAGE))
    canvas.paste(image.getchannel("A"), corner)
    cell = IMAGE // GRID
    share = np.asarray(canvas, np.float32).reshape(GRID, cell, GRID, cell).mean((1, 3)) / 255
    return tuple(int(number) for number in np.flatnonzero(share.ravel() >= 0.4))


def _lit(image: Image.Image, chance: random.Random) -> Image.Image:
    alpha = image.getchannel("A")
    image = ImageEnhance.Brightness(image.convert("RGB")).enhance(chance.uniform(0.88, 1.12))
    image.putalpha(alpha)
    return image


def _grained(picture: Image.Image, chance: random.Random) -> Image.Image:
    noise = np.random.default_rng(chance.getrandbits(32)).normal(
        0, chance.uniform(0, 6), (IMAGE, IMAGE, 3)
    )
    return Image.fromarray(
        np.clip(np.asarray(picture, np.float32) + noise, 0, 255).astype(np.uint8)
    )


def truth(things: list[Thing]) -> list[dict[str, object]]:
    """The things as plain values for JSON."""
    return [asdict(thing) for thing in things]
