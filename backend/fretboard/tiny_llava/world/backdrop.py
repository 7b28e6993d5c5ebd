"""Paints a whole scene: sky, ground and details of its place, then every object."""

import random

from PIL import Image, ImageDraw

from fretboard.tiny_llava.world.draw import (
    GROUNDS,
    INK,
    PALE_INK,
    PALETTE,
    SHAPES,
    SKIES,
    Pen,
    Rgb,
    _shade,
    _tint,
)
from fretboard.tiny_llava.world.scene import HORIZON, NATIVE, Scene

OVERSAMPLING = 2  # drawn this much larger than asked for, then reduced


def render(scene: Scene, size: int = NATIVE) -> Image.Image:
    """The scene as an RGB image, ``size`` px a side; the same at every size but for detail."""
    scale = size * OVERSAMPLING / NATIVE
    rng = random.Random(scene.seed ^ 0x5EED)
    image = _paint_place(rng, scene.place, scale)
    draw = ImageDraw.Draw(image)
    objects = [(box, group) for group in scene.groups for box in group.boxes]
    for box, group in sorted(objects, key=lambda item: item[0][3]):  # far ones first
        fill = _tint(rng, PALETTE[group.color], 9)
        grounded = box[3] > HORIZON[scene.place] + 4
        if grounded:
            _shadow(draw, box, scale, _shade(GROUNDS[scene.place][1], 0.8))
        ink = PALE_INK if group.color == "black" else INK
        x0, y0, x1, y1 = (value * scale for value in box)
        SHAPES[group.kind](Pen(draw, (x0, y0, x1, y1), fill, ink))
    return image.resize((size, size), Image.Resampling.BOX)


def _shadow(draw: ImageDraw.ImageDraw, box: tuple[float, ...], scale: float, color: Rgb) -> None:
    x0, _, x1, y1 = box
    inset = (x1 - x0) * 0.08
    corners = [(x0 + inset) * scale, (y1 - 2.2) * scale, (x1 - inset) * scale, (y1 + 1.4) * scale]
    draw.ellipse(corners, color)


def _paint_place(rng: random.Random, place: str, scale: float) -> Image.Image:
    side = round(NATIVE * scale)
    horizon = round((HORIZON[place] + rng.uniform(-3, 3)) * scale)
    image = Image.new("RGB", (side, side))
    sky = [_tint(rng, color, 10) for color in SKIES[place]]
    ground = [_tint(rng, color, 8) for color in GROUNDS[place]]
    image.paste(_gradient(side, horizon, sky[0], sky[1]), (0, 0))
    image.paste(_gradient(side, side - horizon, ground[0], ground[1]), (0, horizon))
    draw = ImageDraw.Draw(image)
    DETAILS[place](rng, draw, horizon, scale)
    return image


def _gradient(width: int, height: int, top: Rgb, bottom: Rgb) -> Image.Image:
    mask = Image.linear_gradient("L").resize((1, height))
    column = Image.composite(
        Image.new("RGB", (1, height), bottom), Image.new("RGB", (1, height), top), mask
    )
    return column.resize((width, height), Image.Resampling.NEAREST)


def _clouds(rng: random.Random, draw: ImageDraw.ImageDraw, scale: float) -> None:
    for _ in range(rng.randint(1, 2)):
        x, y = rng.uniform(4, 76) * scale, rng.uniform(4, 14) * scale
        for dx, dy, r in ((0, 2, 4), (5, 0, 5), (10, 2, 4)):
            cx, cy, radius = x + dx * scale, y + dy * scale, r * scale
            draw.ellipse([cx - radius, cy - radius * 0.6, cx + radius, cy + radius * 0.6],
                         (250, 252, 255))  # fmt: skip


def _meadow(rng: random.Random, draw: ImageDraw.ImageDraw, horizon: int, scale: float) -> None:
    _clouds(rng, draw, scale)
    blade = (92, 158, 72)
    for _ in range(16):
        x, y = rng.uniform(2, 94) * scale, horizon + rng.uniform(4, 54) * scale
        draw.line([x, y, x + scale, y - 3 * scale], blade, max(1, round(scale * 0.6)))


def _beach(rng: random.Random, draw: ImageDraw.ImageDraw, horizon: int, scale: float) -> None:
    _clouds(rng, draw, scale)
    draw.rectangle([0, horizon - 7 * scale, 96 * scale, horizon], (70, 160, 206))
    draw.rectangle([0, horizon - scale, 96 * scale, horizon + scale], (236, 246, 248))
    for _ in range(14):
        x, y = rng.uniform(2, 94) * scale, horizon + rng.uniform(5, 54) * scale
        draw.ellipse([x, y, x + 1.2 * scale, y + 0.8 * scale], (212, 180, 120))


def _lake(rng: random.Random, draw: ImageDraw.ImageDraw, horizon: int, scale: float) -> None:
    peaks = [(rng.uniform(0, 96), rng.uniform(10, 20)) for _ in range(4)]
    for x, height in peaks:
        base = horizon - 1
        points = [((x - 20) * scale, base), (x * scale, base - height * scale),
                  ((x + 20) * scale, base)]  # fmt: skip
        draw.polygon(points, (136, 166, 160))
    for _ in range(12):
        x, y = rng.uniform(0, 88) * scale, horizon + rng.uniform(4, 56) * scale
        draw.arc([x, y, x + 6 * scale, y + 3 * scale], 200, 340, (190, 222, 240),
                 max(1, round(scale * 0.6)))  # fmt: skip


def _room(rng: random.Random, draw: ImageDraw.ImageDraw, horizon: int, scale: float) -> None:
    x = rng.uniform(8, 66) * scale
    frame = [x, 6 * scale, x + 22 * scale, 24 * scale]
    draw.rectangle(frame, (198, 226, 244), (150, 112, 84), max(1, round(1.4 * scale)))
    draw.line([x + 11 * scale, frame[1], x + 11 * scale, frame[3]], (150, 112, 84), round(scale))
    draw.rectangle([0, horizon - 2 * scale, 96 * scale, horizon], (250, 242, 232))
    for column in range(8):
        at = (column * 13 + 4) * scale
        draw.line([at, horizon, (at - 48 * scale) * 1.35 + 48 * scale, 96 * scale],
                  (150, 110, 78), max(1, round(scale * 0.5)))  # fmt: skip


def _street(rng: random.Random, draw: ImageDraw.ImageDraw, horizon: int, scale: float) -> None:
    x = 0.0
    while x < NATIVE:
        width, height = rng.uniform(10, 18), rng.uniform(10, 28)
        top = horizon - height * scale
        draw.rectangle([x * scale, top, (x + width) * scale, horizon], (84, 78, 104))
        for column in range(int(width // 5)):
            left, row = (x + 2 + column * 5) * scale, top + rng.choice((3, 7)) * scale
            draw.rectangle([left, row, left + 2 * scale, row + 2 * scale], (250, 220, 150))
        x += width
    for column in range(5):
        left = (column * 22 - 4) * scale
        draw.rectangle([left, horizon + 26 * scale, left + 11 * scale, horizon + 28 * scale],
                       (214, 214, 218))  # fmt: skip


DETAILS = {"meadow": _meadow, "beach": _beach, "lake": _lake, "room": _room, "street": _street}
