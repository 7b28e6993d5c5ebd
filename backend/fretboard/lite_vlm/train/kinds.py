"""Nouns: their articles, and which of them may name the same thing."""

from __future__ import annotations

from functools import cache
from pathlib import Path

IMAGENET_NOUNS = Path(__file__).parent / "imagenet_nouns.txt"
MASS = {
    "fire", "confetti", "lavender", "broccoli", "garlic", "armor", "makeup", "wool", "dough",
    "hay", "guacamole", "chain mail", "coral", "pasta", "ice cream", "lettuce",
}  # fmt: skip
# Nouns of one line may be true of the same picture: none of a line is asked for in vain where
# another of it is shown.
KIN = Path(__file__).parent / "kin.txt"


@cache
def imagenet_nouns() -> tuple[str, ...]:
    """The plain noun of each of ImageNet's 1000 classes."""
    return tuple(IMAGENET_NOUNS.read_text().splitlines())


@cache
def _families() -> tuple[str, ...]:
    return tuple(f" {line} " for line in KIN.read_text().splitlines())


@cache
def related(first: str, second: str) -> bool:
    """Whether the two may name one thing: the same noun, one family, or one within the other."""
    if first == second or set(first.split()) & set(second.split()) - {"of", "pair"}:
        return True
    return any(f" {first} " in family and f" {second} " in family for family in _families())


def article(noun: str, colour: str | None = None) -> str:
    """The noun with its colour and its article: "an orange cat", "a pair of scissors"."""
    phrase = f"{colour} {noun}" if colour else noun
    if noun in MASS:
        return phrase
    vowel = phrase[0].lower() in "aeiou" and not phrase.startswith(("uni", "euro"))
    return f"{'an' if vowel else 'a'} {phrase}"
