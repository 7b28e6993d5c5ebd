"""Colours of words: a word has the same in every chart, and a colour word has its own."""

import colorsys
import math
import zlib
from collections.abc import Sequence
from functools import cache

from plotly.colors import hex_to_rgb

from fretboard.figures.theme import Theme

COLOR_WORDS = {
    "red": "#D62728", "orange": "#E8730C", "yellow": "#C9A200", "green": "#2A9D3F",
    "blue": "#2563EB", "purple": "#8E3BC7", "pink": "#E0559A", "brown": "#8B5A2B",
    "black": "#111111", "white": "#FFFFFF", "grey": "#707070", "gray": "#707070",
}  # fmt: skip
HUES = 12
LIGHTNESS, SATURATION = (0.36, 0.58), (0.85, 0.55)  # two rounds of hues
MOST = 2 * HUES  # names that are told apart; further ones have the colour of their own alone
CONTRAST = 4.5  # of text with the paper, WCAG AA
APART = 55.0  # Euclidean, of 441 from black to white: nearer colours are taken for one another
STEPS = 20  # from a colour to the ink
Rgb = tuple[float, float, float]


def word_colors(texts: Sequence[str], theme: Theme) -> list[str]:
    """`#RRGGBB` for each text, in order of importance, no two alike as long as there are colours.

    A colour follows from the word alone, unless another of the same chart has one too near:
    a colour word comes before the others, then an earlier one before a later one.
    """
    places = sorted(range(len(texts)), key=lambda place: not _is_color(texts[place]))
    taken: dict[int, Rgb] = {}
    for place in places:
        wishes = _wishes(texts[place].strip(), theme)
        full = len(taken) >= MOST
        taken[place] = wishes[0] if full else _free(wishes, list(taken.values()))
    return [_hex(taken[place]) for place in range(len(texts))]


def _is_color(text: str) -> bool:
    return text.strip().lower() in COLOR_WORDS


def _wishes(word: str, theme: Theme) -> list[Rgb]:
    """The word's colours, best first, all legible on the theme's paper."""
    rounds = zip(LIGHTNESS, SATURATION, strict=True)
    wheel = [_turn(hue / HUES, *ring) for ring in rounds for hue in range(HUES)]
    start = zlib.crc32(word.encode()) % len(wheel)
    own = COLOR_WORDS.get(word.lower())
    first = [hex_to_rgb(own)] if own else []
    return [_legible(color, theme) for color in first + wheel[start:] + wheel[:start]]


def _free(wishes: list[Rgb], taken: list[Rgb]) -> Rgb:
    """The first far enough from all that are taken; else the farthest."""

    def gap(color: Rgb) -> float:
        return min((math.dist(color, other) for other in taken), default=APART)

    return next((color for color in wishes if gap(color) >= APART), max(wishes, key=gap))


def _turn(hue: float, lightness: float, saturation: float) -> Rgb:
    red, green, blue = colorsys.hls_to_rgb(hue, lightness, saturation)
    return 255 * red, 255 * green, 255 * blue


@cache  # of each theme the wheel and the colour words, some forty
def _legible(color: Rgb, theme: Theme) -> Rgb:
    """The colour, mixed with as little ink as its contrast with the paper needs."""
    ink, paper = hex_to_rgb(theme.ink), hex_to_rgb(theme.paper)
    shares = (step / STEPS for step in range(STEPS + 1))
    mixed = (_mix(color, ink, share) for share in shares)
    return next((shade for shade in mixed if contrast(shade, paper) >= CONTRAST), ink)


def contrast(color: Rgb, other: Rgb) -> float:
    """WCAG 2 contrast ratio of two sRGB colours, 0…255."""
    low, high = sorted((_luminance(color), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(color: Rgb) -> float:
    shares = [channel / 255 for channel in color]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _mix(color: Rgb, ink: Rgb, share: float) -> Rgb:
    red, green, blue = ((1 - share) * c + share * i for c, i in zip(color, ink, strict=True))
    return red, green, blue


def _hex(color: Rgb) -> str:
    return "#" + "".join(f"{round(channel):02X}" for channel in color)
