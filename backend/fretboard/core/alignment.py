"""One token position in many answers, found by its role rather than by its index.

Words are read off the answer's text, so that word pieces merge and punctuation separates; a word
stands at the token that holds its first letter. Special tokens (`</s>`) are no words. Languages
written without spaces have one word between two marks of punctuation: use an index there.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

from fretboard.core.errors import InputError
from fretboard.core.validation import MOST_DIGITS

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_SPECIAL = re.compile(r"\s*<[^<>\s]+>\s*")

COLOUR_WORDS = frozenset(
    _WORD.findall(
        "black white grey gray red orange yellow green blue purple violet pink brown beige tan "
        "gold golden silver cyan turquoise teal magenta maroon navy crimson lavender"
    )
)
CLASSES = {"colour": COLOUR_WORDS, "color": COLOUR_WORDS}
WRITE = "write first-difference, after:is, class:colour, words:red,blue or an index such as 6"


@dataclass(frozen=True)
class Role:
    """What the position is; `words` are the words it follows, or may be, in lower case."""

    kind: Literal["first-difference", "after", "words", "index"]
    words: tuple[str, ...] = ()
    index: int = 0


@dataclass(frozen=True)
class AlignedPosition:
    """In one answer: the token and its word, or why there is none."""

    token: int | None
    word: str | None
    reason: str | None = None


@dataclass(frozen=True)
class Alignment:
    """A position for each answer, in order; `warning` where they do not play one role."""

    positions: tuple[AlignedPosition, ...]
    warning: str | None


@dataclass(frozen=True)
class _Word:
    text: str
    token: int

    @property
    def key(self) -> str:
        return self.text.casefold()


def parse_role(text: str) -> Role:
    """`first-difference`, `after:WORDS`, `class:NAME`, `words:A,B` or an index. InputError else."""
    kind, _, rest = text.strip().partition(":")
    if kind == "first-difference" and not rest:
        return Role("first-difference")
    if kind.isdecimal() and len(kind) <= MOST_DIGITS and not rest:
        return Role("index", index=int(kind))
    if kind == "after" and (words := _keys(rest)):
        return Role("after", words)
    if kind == "words" and (words := _keys(rest)):
        return Role("words", words)
    if kind == "class":
        if rest.strip().casefold() not in CLASSES:
            raise InputError(f"There is no word class {rest!r}; there is colour, or words:A,B.")
        return Role("words", tuple(sorted(CLASSES[rest.strip().casefold()])))
    raise InputError(f"{text[:80]!r} is no token position; {WRITE}.")


def align(answers: Sequence[Sequence[str]], role: Role) -> Alignment:
    """The role's position in each answer, given as its token texts (`Token.text`)."""
    words = [_words(answer) for answer in answers]
    if role.kind == "index":
        positions = [
            _at_index(answer, own, role.index) for answer, own in zip(answers, words, strict=True)
        ]
    elif role.kind == "first-difference":
        positions = _first_difference(words)
    else:
        find = _after if role.kind == "after" else _member
        positions = [find(own, role.words) for own in words]
    return Alignment(tuple(positions), _warning(positions, words))


def _keys(text: str) -> tuple[str, ...]:
    return tuple(match.group().casefold() for match in _WORD.finditer(text))


def _words(tokens: Sequence[str]) -> list[_Word]:
    """Words of an answer in order, each with the token of its first letter."""
    plain = [" " * len(token) if _SPECIAL.fullmatch(token) else token for token in tokens]
    owner = [index for index, token in enumerate(plain) for _ in token]
    return [_Word(match.group(), owner[match.start()]) for match in _WORD.finditer("".join(plain))]


def _at(word: _Word) -> AlignedPosition:
    return AlignedPosition(word.token, word.text)


def _missing(words: list[_Word], reason: str) -> AlignedPosition:
    return AlignedPosition(None, None, reason if words else "the answer has no words")


def _first_difference(words: list[list[_Word]]) -> list[AlignedPosition]:
    """At the first word that two answers have and that differs; answers without words stand out."""
    for place, column in enumerate(zip_longest(*filter(None, words))):
        if len({word.key for word in column if word is not None}) > 1:
            ended = "the answer ends before the first word that differs"
            return [_at(own[place]) if len(own) > place else _missing(own, ended) for own in words]
    return [_missing(own, "no word differs between the answers") for own in words]


def _after(words: list[_Word], sought: tuple[str, ...]) -> AlignedPosition:
    """The word after the first place where the sought words stand in a row."""
    said = f"“{' '.join(sought)}”"
    keys = tuple(word.key for word in words)
    places = range(len(keys) - len(sought) + 1)
    ends = [at + len(sought) for at in places if keys[at : at + len(sought)] == sought]
    if not ends:
        return _missing(words, f"the answer has no {said}")
    if ends[0] == len(words):
        return _missing(words, f"no word follows {said}")
    return _at(words[ends[0]])


def _member(words: list[_Word], allowed: tuple[str, ...]) -> AlignedPosition:
    """The first word of a list."""
    of = ", ".join(allowed[:4]) + (" …" if len(allowed) > 4 else "")
    reason = f"the answer has none of the words ({of})"
    return next((_at(word) for word in words if word.key in allowed), _missing(words, reason))


def _at_index(tokens: Sequence[str], words: list[_Word], index: int) -> AlignedPosition:
    if index >= len(tokens):
        return AlignedPosition(None, None, f"the answer has {len(tokens)} tokens")
    own = [word.text for word in words if word.token == index]
    return AlignedPosition(index, own[0] if own else tokens[index].strip())


def _warning(positions: list[AlignedPosition], words: list[list[_Word]]) -> str | None:
    """What keeps the positions from being one role: some are missing, or stand after others."""
    missing = [
        f"{number} ({position.reason})"
        for number, position in enumerate(positions, 1)
        if position.reason
    ]
    said = []
    if missing:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        said.append(
            f"{len(missing)} of {len(positions)} answers have no such position: "
            f"{', '.join(missing[:5])}{more}."
        )
    before = Counter(
        _before(own, position.token)
        for own, position in zip(words, positions, strict=True)
        if position.token is not None
    )
    if len(before) > 1:
        counts = ", ".join(f"{word} in {count}" for word, count in before.most_common(5))
        said.append(f"The word before it differs: {counts}.")
    return " ".join(said) or None


def _before(words: list[_Word], token: int) -> str:
    earlier = [word.key for word in words if word.token < token]
    return f"“{earlier[-1]}”" if earlier else "nothing"
