"""An answer's tokens merged into words, and each word's kind: content, or function.

English only: the list of function words is scikit-learn's, less the words on it that name
things, qualities or numbers. A language written without spaces comes out as one long word.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from fretboard.core.vocabulary import BYTE_TOKEN

WordKind = Literal["content", "function"]
Shape = Literal["letters", "marks", "blank", "special"]
SPECIAL = re.compile(r"^<[^<>\s]+>$")
BYTES = re.compile(r"(?:<0x[0-9A-F]{2}>)+")
JOINERS = "'’-"  # inside a word: it's, black-and-white
# On scikit-learn's list for documents at large, but in an answer about a picture they tell
# something; the last rows are numbers, and the answer to a question of yes or no.
TELLING = """
    amount bill bottom call computer cry describe detail empty fill fire found front full
    interest mill mine move name part serious show side sincere system thick thin top
    one two three four five six eight nine ten eleven twelve fifteen twenty forty fifty sixty
    hundred first third no
"""


@dataclass(frozen=True)
class Word:
    """One word: its text without surrounding space, its kind, the indices of its tokens."""

    text: str
    kind: WordKind
    tokens: range


def merge_words(texts: Sequence[str]) -> list[Word]:
    """Group token texts (leading space kept, bytes as `<0xE2>`) into words, in order."""
    words: list[Word] = []
    start = 0
    for stop in range(1, len(texts) + 1):
        if stop == len(texts) or not _continues(texts[stop - 1], texts[stop]):
            text = _decode("".join(texts[start:stop])).strip()
            words.append(Word(text, word_kind(text), range(start, stop)))
            start = stop
    return words


def word_kind(word: str) -> WordKind:
    """Content: a number, or a word that is no function word. Marks and `</s>` are function."""
    bare = word.lower().replace("’", "'").strip("'-.,;:!?\"()[]")
    if SPECIAL.match(word) or not any(letter.isalnum() for letter in bare):
        return "function"
    stem = bare.partition("'")[0]
    listed = function_words()
    is_function = bare.endswith("n't") or bare in listed or stem in listed
    return "function" if is_function else "content"


@cache
def function_words() -> frozenset[str]:
    """The list, in lower case."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS  # slow: not before the page

    return frozenset(ENGLISH_STOP_WORDS) - frozenset(TELLING.split())


def _continues(before: str, token: str) -> bool:
    """Whether `token` belongs to the same word as the token before it."""
    if token[:1].isspace() or _shape(before) in ("blank", "special"):
        return False
    if token[:1] in JOINERS or before[-1:] in JOINERS:
        return _shape(before) == "letters" or _shape(token) == "letters"
    return _shape(token) == _shape(before)


def _shape(token: str) -> Shape:
    bare = token.strip()
    if not bare:
        return "blank"
    if BYTE_TOKEN.match(bare) or BYTES.fullmatch(bare):
        return "letters"
    if SPECIAL.match(bare):
        return "special"
    return "letters" if any(letter.isalnum() for letter in bare) else "marks"


def _decode(text: str) -> str:
    def whole(match: re.Match[str]) -> str:
        return bytes.fromhex(re.sub(r"<0x|>", "", match[0])).decode("utf-8", "replace")

    return BYTES.sub(whole, text)
