"""A picture of an analysis for links that unfurl: image, question, answer, and its heatmap.

Drawn with Pillow: no browser is needed.
"""

import io
import textwrap

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from plotly.colors import sample_colorscale

from fretboard.core.analysis import Analysis
from fretboard.figures.theme import SEQUENTIAL, THEMES

SIZE = (1200, 630)  # px, what unfurling sites show whole
MARGIN, GAP = 48, 36  # px
EYE = 430  # px, the image's place
HEAT = 190  # px, height of the heatmap
PROMPT, ANSWER, SMALL = 26, 40, 20  # px, sizes of type
LINES = 4  # of an answer; more is cut
COLUMNS = 4  # pictures of an image set
COLORS = THEMES["light"]


def preview(analysis: Analysis, probability: np.ndarray, image: Image.Image | None) -> bytes:
    """PNG, 1200 × 630. probability: (L+1, tokens) of the emitted words."""
    sheet = Image.new("RGB", SIZE, COLORS.paper)
    draw, left = ImageDraw.Draw(sheet), MARGIN
    if image is not None:
        _place(sheet, image)
        left += EYE + GAP
    wide = SIZE[0] - MARGIN - left
    y = _text(draw, (left, MARGIN), f"“{analysis.request.prompt}”", PROMPT, COLORS.faint, wide, 2)
    _text(draw, (left, y + 14), analysis.answer or "", ANSWER, COLORS.ink, wide, LINES)
    top = SIZE[1] - MARGIN - HEAT - SMALL - 14
    heat = _heatmap(probability).resize((wide, HEAT), Image.Resampling.NEAREST)
    sheet.paste(heat, (left, top))
    layers = analysis.model.layers
    note = f"how each word takes shape, depth 0 (bottom) to {layers} · {analysis.model.name}"
    _text(draw, (left, top + HEAT + 14), note, SMALL, COLORS.faint, wide, 1)
    return _png(sheet)


def preview_of_set(
    prompt: str, members: list[tuple[Image.Image, str]], images: int, model: str
) -> bytes:
    """The same of an image set. members: some of its pictures with the word of each."""
    sheet = Image.new("RGB", SIZE, COLORS.paper)
    draw, wide = ImageDraw.Draw(sheet), SIZE[0] - 2 * MARGIN
    y = _text(draw, (MARGIN, MARGIN), f"“{prompt}”", ANSWER, COLORS.ink, wide, 3) + GAP
    side = (wide + GAP) // COLUMNS - GAP
    for column, (image, word) in enumerate(members[:COLUMNS]):
        x = MARGIN + column * (side + GAP)
        sheet.paste(image.resize((side, side), Image.Resampling.LANCZOS), (x, y))
        _text(draw, (x, y + side + 10), word, PROMPT, COLORS.ink, side, 1)
    note = f"{images} images, one question, layer by layer · {model}"
    _text(draw, (MARGIN, SIZE[1] - MARGIN - SMALL), note, SMALL, COLORS.faint, wide, 1)
    return _png(sheet)


def _png(sheet: Image.Image) -> bytes:
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _place(sheet: Image.Image, image: Image.Image) -> None:
    """The whole image in its place, centred."""
    place = (EYE, SIZE[1] - 2 * MARGIN)
    scale = min(place[0] / image.width, place[1] / image.height)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    shown = image.resize(size, Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.NEAREST)
    corner = (MARGIN + (place[0] - size[0]) // 2, MARGIN + (place[1] - size[1]) // 2)
    sheet.paste(shown, corner)


def _heatmap(probability: np.ndarray) -> Image.Image:
    """One pixel a cell, depth 0 at the bottom."""
    values = np.clip(probability[::-1], 0.0, 1.0)
    ramp = sample_colorscale(SEQUENTIAL, np.linspace(0, 1, 256), colortype="tuple")
    table = (np.array(ramp) * 255).round().astype(np.uint8)
    return Image.fromarray(table[(values * 255).round().astype(int)])


def _text(
    draw: ImageDraw.ImageDraw,
    at: tuple[int, int],
    text: str,
    size: int,
    color: str,
    width: int,
    lines: int,
) -> int:
    """Wrapped and cut to so many lines; returns the y below it."""
    font = ImageFont.load_default(size)
    letters = max(8, int(width / (0.5 * size)))
    wrapped = textwrap.wrap(" ".join(text.split()), letters, max_lines=lines, placeholder=" …")
    x, y = at
    for line in wrapped:
        draw.text((x, y), line, font=font, fill=color)
        y += round(1.3 * size)
    return y
