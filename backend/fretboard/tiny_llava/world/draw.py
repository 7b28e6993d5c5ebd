"""Scenes to pixels with Pillow: drawn larger, then reduced, so that edges are smooth."""

import math
import random
from collections.abc import Callable, Iterable

from PIL import ImageDraw

from fretboard.tiny_llava.world.scene import Box

Rgb = tuple[int, int, int]

PALETTE: dict[str, Rgb] = {
    "red": (216, 38, 44),
    "orange": (246, 134, 26),
    "yellow": (252, 216, 46),
    "green": (52, 160, 72),
    "blue": (44, 98, 216),
    "purple": (136, 64, 180),
    "pink": (250, 150, 192),
    "brown": (132, 82, 46),
    "white": (248, 248, 246),
    "black": (42, 42, 48),
}
INK: Rgb = (34, 32, 40)
PALE_INK: Rgb = (150, 150, 160)  # outline of black objects, which would lose their shape
LEAF: Rgb = (56, 142, 60)
CREAM: Rgb = (246, 236, 214)
SKIES: dict[str, tuple[Rgb, Rgb]] = {
    "meadow": ((120, 188, 240), (206, 232, 250)),
    "beach": ((110, 196, 244), (226, 244, 252)),
    "lake": ((150, 196, 236), (222, 236, 246)),
    "room": ((232, 214, 200), (240, 226, 214)),
    "street": ((92, 84, 140), (244, 176, 140)),
}
GROUNDS: dict[str, tuple[Rgb, Rgb]] = {
    "meadow": ((140, 200, 108), (112, 180, 88)),
    "beach": ((242, 222, 172), (230, 200, 142)),
    "lake": ((86, 160, 206), (52, 124, 182)),
    "room": ((190, 150, 112), (168, 126, 90)),
    "street": ((158, 158, 168), (122, 122, 134)),
}


class Pen:
    """Draws in the unit square of one object's box; ``line`` is the outline's width in px."""

    def __init__(self, draw: ImageDraw.ImageDraw, box: Box, fill: Rgb, ink: Rgb) -> None:
        self.draw, self.box, self.fill, self.ink = draw, box, fill, ink
        self.line = max(1, round((box[3] - box[1] + box[2] - box[0]) * 0.022))

    def at(self, x: float, y: float) -> tuple[float, float]:
        x0, y0, x1, y1 = self.box
        return (x0 + x * (x1 - x0), y0 + y * (y1 - y0))

    def oval(self, x0: float, y0: float, x1: float, y1: float, fill: Rgb | None = None) -> None:
        corners = [self.at(x0, y0), self.at(x1, y1)]
        self.draw.ellipse(corners, fill or self.fill, self.ink, self.line)

    def dot(self, x: float, y: float, radius: float, fill: Rgb) -> None:
        cx, cy = self.at(x, y)
        r = radius * (self.box[2] - self.box[0])
        self.draw.ellipse([cx - r, cy - r, cx + r, cy + r], fill)

    def shape(self, points: Iterable[tuple[float, float]], fill: Rgb | None = None) -> None:
        corners = [self.at(x, y) for x, y in points]
        self.draw.polygon(corners, fill or self.fill)
        self.draw.line([*corners, corners[0], corners[1]], self.ink, self.line, "curve")

    def stroke(self, *points: tuple[float, float], fill: Rgb | None = None, w: float = 1) -> None:
        line = max(1, round(self.line * w))
        self.draw.line([self.at(x, y) for x, y in points], fill or self.ink, line, "curve")


def _arc(
    cx: float, cy: float, rx: float, ry: float, start: float, stop: float, steps: int = 10
) -> list[tuple[float, float]]:
    """Points on an ellipse from ``start`` to ``stop`` degrees, clockwise from the right."""
    angles = [math.radians(start + (stop - start) * i / steps) for i in range(steps + 1)]
    return [(cx + rx * math.cos(a), cy + ry * math.sin(a)) for a in angles]


def _banana(pen: Pen) -> None:
    outer = _arc(0.5, 0.0, 0.5, 0.98, 8, 172, 14)
    inner = _arc(0.5, -0.08, 0.4, 0.62, 165, 15, 12)
    pen.shape([*outer, *inner])
    pen.stroke((0.97, 0.1), (0.93, -0.02), fill=(96, 70, 40), w=2.4)


def _tomato(pen: Pen) -> None:
    pen.oval(0.0, 0.12, 1.0, 1.0)
    pen.shape([(0.2, 0.2), (0.44, 0.14), (0.5, 0.0), (0.56, 0.14), (0.8, 0.2), (0.5, 0.32)], LEAF)


def _carrot(pen: Pen) -> None:
    for x in (0.2, 0.5, 0.8):
        pen.stroke((0.5, 0.34), (x, 0.0), fill=LEAF, w=3)
    pen.shape([(0.06, 0.32), (0.5, 0.26), (0.94, 0.32), (0.56, 1.0), (0.44, 1.0)])
    pen.stroke((0.25, 0.5), (0.5, 0.52))
    pen.stroke((0.5, 0.7), (0.68, 0.68))


def _frog(pen: Pen) -> None:
    pen.oval(0.0, 0.72, 0.42, 1.0)
    pen.oval(0.58, 0.72, 1.0, 1.0)
    pen.oval(0.04, 0.24, 0.96, 0.96)
    for x in (0.1, 0.6):
        pen.oval(x, 0.0, x + 0.3, 0.36)
        pen.oval(x + 0.06, 0.07, x + 0.24, 0.29, (250, 250, 250))
        pen.dot(x + 0.15, 0.18, 0.05, INK)
    pen.stroke(*_arc(0.5, 0.56, 0.28, 0.14, 10, 170, 8), w=1.4)


def _sheep(pen: Pen) -> None:
    for x in (0.2, 0.36, 0.56, 0.7):
        pen.stroke((x, 0.7), (x, 1.0), fill=INK, w=2.6)
    lobes = ((0.0, 0.24), (0.12, 0.02), (0.36, -0.02), (0.5, 0.2), (0.36, 0.42), (0.1, 0.44))
    for x, y in lobes:
        pen.oval(x, y + 0.02, x + 0.36, y + 0.44)
    pen.draw.ellipse([pen.at(0.12, 0.16), pen.at(0.72, 0.74)], pen.fill)
    pen.oval(0.7, 0.18, 1.0, 0.6, (70, 64, 72))
    pen.dot(0.87, 0.33, 0.035, (250, 250, 250))


def _pig(pen: Pen) -> None:
    pen.shape([(0.1, 0.34), (0.06, 0.0), (0.42, 0.16)])
    pen.shape([(0.9, 0.34), (0.94, 0.0), (0.58, 0.16)])
    pen.oval(0.0, 0.08, 1.0, 1.0)
    pen.oval(0.28, 0.5, 0.72, 0.82)
    for x in (0.41, 0.59):
        pen.dot(x, 0.66, 0.05, pen.ink)
    for x in (0.28, 0.72):
        pen.dot(x, 0.38, 0.06, pen.ink)


def _dog(pen: Pen) -> None:
    for x in (0.16, 0.3, 0.56, 0.68):
        pen.shape([(x - 0.05, 0.6), (x + 0.06, 0.6), (x + 0.06, 1.0), (x - 0.05, 1.0)])
    pen.stroke((0.1, 0.5), (0.0, 0.22), fill=pen.ink, w=3)
    pen.shape([(0.08, 0.44), (0.78, 0.44), (0.78, 0.74), (0.08, 0.74)])
    pen.oval(0.56, 0.06, 0.92, 0.56)
    pen.oval(0.78, 0.26, 1.0, 0.52)
    pen.shape([(0.56, 0.08), (0.7, 0.08), (0.64, 0.46), (0.52, 0.4)])
    pen.dot(0.98, 0.34, 0.04, pen.ink)
    pen.dot(0.8, 0.24, 0.035, pen.ink)


def _fish(pen: Pen) -> None:
    pen.shape([(0.3, 0.5), (0.0, 0.08), (0.06, 0.5), (0.0, 0.92)])
    pen.oval(0.18, 0.06, 1.0, 0.94)
    pen.stroke(*_arc(0.62, 0.5, 0.12, 0.36, 100, 260, 8))
    pen.dot(0.84, 0.38, 0.055, (250, 250, 250))
    pen.dot(0.85, 0.38, 0.03, INK)


def _tree(pen: Pen) -> None:
    pen.shape([(0.42, 0.8), (0.58, 0.8), (0.58, 1.0), (0.42, 1.0)], (120, 80, 50))
    pen.shape([(0.5, 0.24), (1.0, 0.84), (0.0, 0.84)])
    pen.shape([(0.5, 0.0), (0.86, 0.46), (0.14, 0.46)])


def _star(pen: Pen) -> None:
    tips = [(90 + 36 * i, 0.53 if i % 2 == 0 else 0.24) for i in range(10)]
    points = [(math.cos(math.radians(a)) * r, math.sin(math.radians(a)) * r) for a, r in tips]
    pen.shape([(0.5 + x, 0.53 - y) for x, y in points])


def _mushroom(pen: Pen) -> None:
    pen.shape([(0.36, 0.5), (0.64, 0.5), (0.7, 1.0), (0.3, 1.0)], CREAM)
    pen.shape(_arc(0.5, 0.58, 0.5, 0.58, 180, 360, 14))
    for x, y, r in ((0.3, 0.34, 0.07), (0.54, 0.2, 0.08), (0.74, 0.4, 0.06)):
        pen.dot(x, y, r, CREAM)


def _eggplant(pen: Pen) -> None:
    pen.shape([*_arc(0.5, 0.64, 0.5, 0.36, 0, 180, 12), (0.24, 0.2), (0.76, 0.2)])
    pen.shape([(0.16, 0.3), (0.3, 0.14), (0.7, 0.14), (0.84, 0.3), (0.5, 0.24)], LEAF)
    pen.stroke((0.5, 0.16), (0.6, 0.0), fill=LEAF, w=3)


def _whale(pen: Pen) -> None:
    for x in (0.6, 0.84):
        pen.stroke((0.72, 0.26), (0.72, 0.12), (x, 0.02), fill=(150, 205, 240), w=2)
    pen.shape([(0.16, 0.6), (0.0, 0.2), (0.12, 0.26), (0.26, 0.16), (0.24, 0.56)])
    pen.shape([*_arc(0.58, 0.66, 0.42, 0.4, 190, 360, 12), *_arc(0.58, 0.66, 0.42, 0.32, 0, 170)])
    pen.shape([(0.5, 0.8), (0.6, 0.8), (0.46, 1.0)])
    pen.dot(0.86, 0.6, 0.035, (250, 250, 250))


def _car(pen: Pen) -> None:
    pen.shape([(0.2, 0.46), (0.32, 0.06), (0.7, 0.06), (0.82, 0.46)])
    pen.shape([(0.27, 0.44), (0.36, 0.16), (0.48, 0.16), (0.48, 0.44)], (200, 226, 242))
    pen.shape([(0.53, 0.44), (0.53, 0.16), (0.66, 0.16), (0.74, 0.44)], (200, 226, 242))
    pen.shape([(0.0, 0.44), (0.92, 0.44), (1.0, 0.56), (1.0, 0.8), (0.0, 0.8)])
    for x in (0.12, 0.66):
        pen.oval(x, 0.62, x + 0.24, 1.0, (50, 50, 56))
        pen.dot(x + 0.12, 0.81, 0.05, (190, 190, 196))


def _ball(pen: Pen) -> None:
    pen.oval(0.0, 0.0, 1.0, 1.0)
    pen.stroke((0.02, 0.5), (0.98, 0.5))
    pen.stroke((0.5, 0.02), (0.5, 0.98))
    pen.stroke(*_arc(-0.1, 0.5, 0.4, 0.46, -55, 55))
    pen.stroke(*_arc(1.1, 0.5, 0.4, 0.46, 125, 235))


def _flower(pen: Pen) -> None:
    pen.stroke((0.5, 0.5), (0.5, 1.0), fill=LEAF, w=2.6)
    pen.shape([(0.5, 0.94), (0.86, 0.7), (0.74, 0.94)], LEAF)
    for turn in range(5):
        x, y = _arc(0.5, 0.34, 0.3, 0.21, 72 * turn - 90, 0, 1)[0]
        pen.oval(x - 0.22, y - 0.15, x + 0.22, y + 0.15)
    pen.oval(0.35, 0.24, 0.65, 0.45, (250, 222, 120))


SHAPES: dict[str, Callable[[Pen], None]] = {
    "banana": _banana, "tomato": _tomato, "carrot": _carrot, "frog": _frog, "sheep": _sheep,
    "pig": _pig, "dog": _dog, "fish": _fish, "tree": _tree, "star": _star,
    "mushroom": _mushroom, "eggplant": _eggplant, "whale": _whale, "car": _car, "ball": _ball,
    "flower": _flower,
}  # fmt: skip


def _tint(rng: random.Random, color: Rgb, spread: int) -> Rgb:
    red, green, blue = (min(255, max(0, c + rng.randint(-spread, spread))) for c in color)
    return (red, green, blue)


def _shade(color: Rgb, factor: float) -> Rgb:
    return (int(color[0] * factor), int(color[1] * factor), int(color[2] * factor))
