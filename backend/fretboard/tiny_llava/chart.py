"""The model card's picture: mean probability of the drawn and the typical colour by depth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

PANEL = (560, 380)  # px
MARGIN = (64, 56, 24, 56)  # px: left, top, right, bottom
INK, FAINT = (40, 40, 48), (222, 224, 230)
SERIES = {"drawn": ("drawn colour", (31, 98, 189)), "prior": ("typical colour", (214, 100, 20))}
TITLES = {
    "curves, prior": "The caption states the typical colour",
    "curves, true": "The caption states the drawn colour",
}


def draw_chart(form: dict[str, Any], path: Path) -> None:
    """Draw both outcomes of one caption form, side by side, from an evaluation report."""
    image = Image.new("RGB", (PANEL[0] * 2, PANEL[1]), "white")
    draw = ImageDraw.Draw(image)
    for column, (key, title) in enumerate(TITLES.items()):
        outcome = key.removeprefix("curves, ")
        words = round(form[outcome]["mean"] * form[outcome]["n"])
        _panel(draw, column * PANEL[0], f"{title} ({words} words)", form[key])
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, optimize=True)


def _panel(draw: ImageDraw.ImageDraw, x: int, title: str, curves: dict[str, list[float]]) -> None:
    left, top = x + MARGIN[0], MARGIN[1]
    width, height = PANEL[0] - MARGIN[0] - MARGIN[2], PANEL[1] - MARGIN[1] - MARGIN[3]
    font, small = ImageFont.load_default(17), ImageFont.load_default(14)
    draw.text((left, 14), title, INK, font)
    for tick in range(6):
        y = top + height * (1 - tick / 5)
        draw.line([left, y, left + width, y], FAINT)
        draw.text((left - 32, y - 9), f"{tick / 5:.1f}", INK, small)
    depths = len(next(iter(curves.values()))) - 1 if curves else 0
    for depth in range(depths + 1):
        at = left + width * depth / max(1, depths)
        draw.text((at - 4, top + height + 8), str(depth), INK, small)
    draw.text((left, top + height + 28), "depth (decoder layers applied), normed lens", INK, small)
    draw.text((x + 8, top - 24), "mean probability", INK, small)
    for row, (name, (label, color)) in enumerate(SERIES.items()):
        points = [
            (left + width * d / depths, top + height * (1 - p)) for d, p in enumerate(curves[name])
        ]
        draw.line(points, color, 3, "curve")
        for px, py in points:
            draw.ellipse([px - 3, py - 3, px + 3, py + 3], color)
        draw.line([left + 14, top + 14 + 22 * row, left + 40, top + 14 + 22 * row], color, 3)
        draw.text((left + 48, top + 4 + 22 * row), label, INK, small)
