"""What stands behind the things: pieces of wallpapers, plain colours, slow gradients, noise."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from ..checkpoint.tower import IMAGE

KEPT = 1024  # px, longer side of a wallpaper as kept
# Wallpapers that show nothing that has a name here, and those held out for evaluation.
TRAIN = (
    "adwaita-d", "adwaita-l", "grid-d", "grid-l", "licorice-d", "symbolic-d", "symbolic-l",
    "truchet-d", "truchet-l", "vnc-d", "vnc-l", "wood-d", "wood-l",
    "aitzgorri_by_Aitzol_Berasategi", "analogpattern_by_Peter_Nerlich",
    "life_by_Aitzol_Berasategi", "sunset_by_Aitzol_Berasategi", "umang_by_Abhishek_Mudgal",
    "Fossa_by_Jasper_Roks", "Infinite-Sea_by_Aury88", "Flow", "Gulp", "Float-into-MATE",
    "Stripes", "Ubuntu-Mate-Dark-no-logo", "Ubuntu-Mate-Radioactive-no-logo",
    "Ubuntu-Mate-Warm-no-logo", "Blinds", "GreenMeadow", "RainDrops", "Storm", "Wood",
    "2004default", "city", "fluent-color", "rhythm", "rollpaper",
)  # fmt: skip
HELD = (
    "licorice-l", "picosdeeuropa_by_Aitzol_Berasategi", "Painting-Colors_by__herobrine7gamer",
    "Dune", "desert", "string", "Ubuntu-Mate-Cold-no-logo",
)  # fmt: skip


@cache
def wall(folder: Path, name: str) -> Image.Image:
    """A wallpaper, reduced so that its longer side is KEPT pixels."""
    path = next(path for path in sorted(folder.rglob(f"{name}.*")) if path.suffix != ".xml")
    file = Image.open(path)
    file.draft("RGB", (KEPT, KEPT))
    opaque = Image.new("RGBA", file.size, "white")
    image = Image.alpha_composite(opaque, file.convert("RGBA")).convert("RGB")
    image.thumbnail((KEPT, KEPT), Image.Resampling.LANCZOS)
    return image


def piece(image: Image.Image, chance: random.Random, smallest: int = 220) -> Image.Image:
    """A square piece of it as a picture of IMAGE pixels a side."""
    side = chance.randint(min(smallest, min(image.size)), min(image.size))
    left, top = chance.randint(0, image.width - side), chance.randint(0, image.height - side)
    return image.resize(
        (IMAGE, IMAGE), Image.Resampling.BILINEAR, (left, top, left + side, top + side)
    )


def draw_background(chance: random.Random, walls: Path, held: bool) -> Image.Image:
    """A background without a thing on it."""
    if chance.random() < 0.6:
        picture = piece(wall(walls, chance.choice(HELD if held else TRAIN)), chance)
        if chance.random() < 0.3:
            picture = picture.filter(ImageFilter.GaussianBlur(chance.uniform(1, 6)))
        return picture
    return draw_nothing(chance)


def draw_nothing(chance: random.Random) -> Image.Image:
    """A picture in which nothing can be made out: one colour, a slow gradient, or noise."""
    seed = np.random.default_rng(chance.getrandbits(32))
    first, second = seed.integers(0, 256, (2, 3))
    if chance.random() < 0.5:
        first = second = np.full(3, chance.choice((0, 30, 90, 128, 180, 230, 245, 255)))
    ramp = np.linspace(0, 1, IMAGE)[:, None, None] * np.ones((1, IMAGE, 1))
    picture = first + (second - first) * (
        ramp if chance.random() < 0.5 else ramp.transpose(1, 0, 2)
    )
    grain = chance.choice((0, 0, 2, 6, 15, 50))
    picture = picture + seed.normal(0, grain, picture.shape) if grain else picture
    return Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))
