"""Photographs for training: wallpapers that show something with a name, and people."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

from PIL import Image, ImageEnhance

from .backgrounds import piece, wall
from .scenes import Folders

# Name of the file: what it shows, and the smallest share of its shorter side that still shows it.
SHOWN = {
    "Dragonfly_by_Bolly": ("leaf", 0.6),
    "Picture_0B_by_freespace": ("fig", 0.8),
    "Picture_1A_by_freespace": ("paintbrush", 0.6),
    "aitzgorri_by_Aitzol_Berasategi": ("mountain", 0.9),
    "free_by_Peter_Nerlich": ("lamp", 0.9),
    "friends_by_Aitzol_Berasategi": ("dog", 0.9),
    "greentock_by_Peter_Nerlich": ("clock", 0.9),
    "life_by_Aitzol_Berasategi": ("river", 0.9),
    "seeding_by_Clements_Engelhardt": ("dandelion", 0.9),
    "sunset_by_Aitzol_Berasategi": ("sunset", 0.9),
    "FreshFlower": ("flower", 0.6),
    "Garden": ("flower", 0.9),
    "LadyBird": ("ladybug", 0.9),
    "RainDrops": ("leaf", 0.5),
    "GreenMeadow": ("field of grass", 0.6),
    "Aqua": ("drop of water", 0.9),
    "TwoWings": ("flower", 0.9),
    "YellowFlower": ("flower", 0.6),
    "goldfish": ("goldfish", 0.9),
    "zidane": ("person", 0.9),
    "bus": ("bus", 0.95),
    "t1": ("person", 0.8),
    "Tom_Hanks_54745": ("person", 0.85),
    "breakingbad": ("person", 0.8),
    "einstein": ("person", 0.85),
    "lenna": ("person", 0.85),
    "takeo": ("person", 0.85),
    "tongue": ("person", 0.85),
    "0-f1-su-ph": ("person", 0.85),
    "0-f15-hao-ph": ("person", 0.85),
    "15-f13-anc-ph": ("person", 0.85),
    "45-m7-di-ph": ("person", 0.85),
    "single_face": ("person", 0.85),
    "multi_face": ("person", 0.8),
    "BWPictureHuman": ("person", 0.9),
}


@cache
def _present(walls: Path) -> tuple[str, ...]:
    return tuple(sorted(name for name in SHOWN if any(walls.rglob(f"{name}.*"))))


def draw_photograph(chance: random.Random, folders: Folders) -> tuple[Image.Image, str]:
    """A piece of a photograph, and the noun of what it shows; people in every second one."""
    names = _present(folders.walls)
    people = [name for name in names if SHOWN[name][0] == "person"]
    name = chance.choice(people) if people and chance.random() < 0.5 else chance.choice(names)
    noun, share = SHOWN[name]
    image = wall(folders.walls, name)
    picture = piece(image, chance, round(share * min(image.size)))
    if chance.random() < 0.5:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if noun == "person" and chance.random() < 0.3:
        picture = ImageEnhance.Color(picture).enhance(0.0)
    return ImageEnhance.Brightness(picture).enhance(chance.uniform(0.8, 1.2)), noun
