"""Colours of words: their own, apart, legible, and the same whatever stands beside them."""

import itertools

import pytest

from fretboard.figures.theme import THEMES, ThemeName
from fretboard.figures.words import APART, COLOR_WORDS, CONTRAST, contrast, word_colors

WORDS = [" dog", " The", ".", " ball", " two", "<0xE2>", " of", " guitar", " a", " 🎸"]


def rgb(text: str) -> tuple[float, float, float]:
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_ten_words_are_apart_and_legible(theme: ThemeName) -> None:
    colors = [rgb(color) for color in word_colors(WORDS, THEMES[theme])]
    for one, other in itertools.combinations(colors, 2):
        assert sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) ** 0.5 >= APART - 1
    paper = rgb(THEMES[theme].paper)
    assert min(contrast(color, paper) for color in colors) >= CONTRAST - 0.05


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_word_keeps_its_colour_among_others(theme: ThemeName) -> None:
    alone = word_colors([" blue"], THEMES[theme])[0]
    for other in WORDS:
        assert word_colors([" blue", other], THEMES[theme])[0] == alone
    together = word_colors(["red", " green", " blue"], THEMES[theme])
    assert together == [word_colors([word], THEMES[theme])[0] for word in ("red", "green", "blue")]


def test_colour_words_have_their_own_hue() -> None:
    names = ["red", "green", "blue"]
    for channel, color in enumerate(word_colors(names, THEMES["light"])):
        values = rgb(color)
        assert max(values) == values[channel]
    assert set(names) < set(COLOR_WORDS)
    assert word_colors([*WORDS, *names], THEMES["light"])[-3:] == word_colors(
        names, THEMES["light"]
    )
