"""Photographed things with an alpha channel, and the noun of each (tuxpaint-stamps-default)."""

from __future__ import annotations

import colorsys
import random
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from .colours import main_colour

NOUNS = Path(__file__).parent / "stamps.txt"
LARGEST = 320  # px, side of a stamp as kept


@dataclass(frozen=True, slots=True)
class Stamp:
    """One thing: where its file lies in the package, what it is, whether training may see it."""

    name: str
    noun: str
    held: bool


@cache
def stamps() -> tuple[Stamp, ...]:
    """Every stamp, of whose nouns with at least two stamps one (the last) in three is held out."""
    rows = [line.split(" = ") for line in NOUNS.read_text().splitlines()]
    total = Counter(noun for _, noun in rows)
    seen: Counter[str] = Counter()
    listed = []
    for name, noun in rows:
        seen[noun] += 1
        held = total[noun] > 1 and seen[noun] % 3 == (0 if total[noun] > 2 else 2)
        listed.append(Stamp(name, noun, held))
    return tuple(listed)


@cache
def load_stamp(folder: Path, name: str) -> Image.Image:
    """The stamp cut to what is opaque, at most LARGEST pixels a side."""
    image = Image.open(folder / f"{name}.png").convert("RGBA")
    box = image.getchannel("A").point(lambda alpha: 255 * (alpha > 40)).getbbox()
    image = image.crop(box)
    image.thumbnail((LARGEST, LARGEST), Image.Resampling.LANCZOS)
    return image


@cache
def own_colour(folder: Path, name: str) -> str | None:
    """The colour term of the stamp as it was photographed."""
    return colour_of(load_stamp(folder, name))


def colour_of(image: Image.Image) -> str | None:
    """The one colour term of an RGBA image, if more than half of it has it."""
    pixels = np.asarray(image)
    return main_colour(pixels[..., :3], pixels[..., 3] > 128)


def recoloured(image: Image.Image, chance: random.Random) -> Image.Image:
    """The same thing in another hue, in gray, or much darker."""
    pixels = np.asarray(image.convert("RGBA")).copy()
    rgb = pixels[..., :3].astype(np.float32)
    grey = rgb @ np.array([0.299, 0.587, 0.114], np.float32)
    kind = chance.random()
    if kind < 0.75:  # tint the picture's own light and dark with one hue
        tint = np.array(colorsys.hsv_to_rgb(chance.random(), chance.uniform(0.6, 0.95), 1.0))
        level = np.clip(
            grey / max(float(grey[pixels[..., 3] > 128].mean()), 1.0) * chance.uniform(0.55, 0.9),
            0,
            1,
        )
        rgb = 255 * level[..., None] * (tint + (1 - tint) * np.clip(level[..., None] - 0.8, 0, 1))
    elif kind < 0.85:
        rgb = np.clip(grey[..., None] * 0.3, 0, 255).repeat(3, -1)
    else:
        rgb = np.clip(grey[..., None] * 0.35 + chance.choice((60, 165)), 0, 255).repeat(3, -1)
    pixels[..., :3] = rgb.astype(np.uint8)
    return Image.fromarray(pixels, "RGBA")
