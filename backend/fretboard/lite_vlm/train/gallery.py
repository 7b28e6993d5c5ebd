"""The start page's pictures: photographs that may be shipped, and what contradicts the prior.

Photographs of scikit-image's data: the cat and the cup CC0 by their photographers (Stefan van der
Walt, Rachel Michetti), the rocket CC0 (SpaceX), the astronaut in the public domain (NASA).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

LONGEST = 448  # px
HUE_CIRCLE = 256
WHAT = "What is in the image?"
BLUE, GREEN = 140, 75  # steps of hue


def as_it_is(image: Image.Image) -> Image.Image:
    """The photograph."""
    return image


def turned(steps: int) -> Callable[[Image.Image], Image.Image]:
    """The photograph with every hue turned by so many of 256 steps."""

    def turn(image: Image.Image) -> Image.Image:
        pixels = np.asarray(image.convert("HSV")).astype(np.int16)
        pixels[..., 0] = (pixels[..., 0] + steps) % HUE_CIRCLE
        pixels[..., 1] = np.minimum(pixels[..., 1] * 3 // 2, 255)
        return Image.fromarray(pixels.astype(np.uint8), "HSV").convert("RGB")

    return turn


def mirrored(image: Image.Image) -> Image.Image:
    """Left for right: another file of the same picture, for another question."""
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def gray(image: Image.Image) -> Image.Image:
    """A picture of nothing."""
    return Image.new("RGB", image.size, (128, 128, 128))


# File, photograph, what is done to it, title, category, question, what is true.
Row = tuple[str, str, Callable[[Image.Image], Image.Image], str, str, str, dict[str, object]]
ROWS: tuple[Row, ...] = (
    ("cat", "chelsea.png", as_it_is, "A cat", "photograph", WHAT, {"noun": "cat"}),
    ("cup", "coffee.png", as_it_is, "A cup of coffee", "photograph", WHAT, {"noun": "cup"}),
    ("rocket", "rocket.jpg", as_it_is, "A rocket", "photograph", WHAT, {"noun": "rocket"}),
    ("astronaut", "astronaut.png", as_it_is, "An astronaut", "photograph", WHAT,
     {"noun": "person"}),
    ("blue-cat", "chelsea.png", turned(BLUE), "A blue cat", "against the prior",
     "What color is the cat?", {"noun": "cat", "colour": "blue"}),
    ("green-rocket", "rocket.jpg", turned(GREEN), "A rocket in a sky of another colour",
     "against the prior", "Describe the image.", {"noun": "rocket"}),
    ("no-dog", "chelsea.png", mirrored, "A cat, asked for a dog", "existence",
     "Is there a dog in the image?", {"noun": "cat", "absent": "dog"}),
    ("nothing", "chelsea.png", gray, "Plain gray", "nothing", WHAT, {}),
)  # fmt: skip


def make_gallery(photographs: Path, folder: Path) -> None:
    """Write the pictures and gallery.json; ``photographs``: scikit-image's folder of data."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = []
    for name, source, change, title, category, prompt, truth in ROWS:
        image = Image.open(photographs / source).convert("RGB")
        image.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
        change(image).save(folder / f"{name}.jpg", quality=88)
        entries.append(
            {
                "file": f"{name}.jpg",
                "title": title,
                "category": category,
                "prompt": prompt,
                "truth": truth,
            }
        )
    (folder / "gallery.json").write_text(json.dumps(entries, indent=1) + "\n")
