"""Token ids ↔ text, without torch: the one place that turns a token into what people read.

A worker publishes its tokenizer file (`tokenizer.json`); every process reads words through it.
"""

import re
from dataclasses import dataclass
from functools import cached_property

from tokenizers import Tokenizer

from fretboard.core.errors import UnknownWord

BYTE_TOKEN = re.compile(r"^<0x[0-9A-F]{2}>$")
METASPACE = "▁"
# A first piece that covers less of the word than this says nothing about the word.
MIN_PIECE_CHARACTERS = 2
MIN_PIECE_SHARE = 1 / 3


@dataclass(frozen=True)
class VocabularyWord:
    """A word a user asked for, followed by its first token; `pieces` has one text per token."""

    word: str
    token_id: int
    token_text: str
    pieces: tuple[str, ...]


class Vocabulary:
    """Reads `tokenizer.json`; `text(id)` keeps the leading space, bytes come as `<0xE2>`."""

    def __init__(self, tokenizer_json: str) -> None:
        self._tokenizer = Tokenizer.from_str(tokenizer_json)

    @property
    def size(self) -> int:
        """Number of tokens the tokenizer knows (the model's head may be wider)."""
        return int(self._tokenizer.get_vocab_size(with_added_tokens=True))

    def count(self, text: str) -> int:
        """How many tokens a text is, without those that a chat template adds."""
        return len(self.ids(text))

    def ids(self, text: str) -> list[int]:
        """The tokens of a text, without those that a chat template adds."""
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def text(self, token_id: int) -> str:
        """The token's own text; an id beyond the tokenizer is `<unused 32001>`."""
        piece = self._tokenizer.id_to_token(token_id)
        if piece is None:
            return f"<unused {token_id}>"
        if not self._byte_level:
            return str(piece).replace(METASPACE, " ")
        return str(piece) if token_id in self._added else _from_byte_level(piece)

    def texts(self, token_ids: list[int]) -> list[str]:
        """`text` of each id."""
        return [self.text(token_id) for token_id in token_ids]

    def word(self, word: str) -> VocabularyWord:
        """The token that stands for `word` inside an answer. Raises UnknownWord.

        A word that begins with a space or stands so in the vocabulary is taken as written;
        otherwise " word" (the form inside a sentence) comes before "word".
        """
        if not word.strip():
            raise UnknownWord("The word is empty. Type a word, such as red.")
        candidates = [word] if word.startswith(" ") else [f" {word}", word]
        for text in candidates:
            if text in self._id_of_text:
                token_id = self._id_of_text[text]
                return VocabularyWord(word, token_id, text, (text,))
        return self._first_piece(word, candidates[0])

    def _first_piece(self, word: str, text: str) -> VocabularyWord:
        ids = self._tokenizer.encode(text, add_special_tokens=False).ids
        pieces = [piece for piece in self.texts(ids) if piece.strip()]
        first = pieces[0] if pieces else ""
        letters = first.strip()
        fits = word.strip().startswith(letters) and not BYTE_TOKEN.match(letters)
        enough = len(letters) >= max(MIN_PIECE_CHARACTERS, MIN_PIECE_SHARE * len(word.strip()))
        if not (first and fits and enough):
            raise UnknownWord(
                f"{word!r} is not in this model's vocabulary: it falls apart into "
                f"{len(pieces)} pieces ({', '.join(map(repr, pieces[:6]))}). {self._instead(word)}"
            )
        return VocabularyWord(word, self._id_of_text[first], first, tuple(pieces))

    def _instead(self, word: str) -> str:
        """What to try: the word in other letters, where the vocabulary has it."""
        forms = (word.strip().lower(), word.strip().capitalize())
        known = [form for form in forms if form != word and f" {form}" in self._id_of_text]
        return f"Try {known[0]!r}." if known else "Try a commoner word, or another form of it."

    @cached_property
    def _id_of_text(self) -> dict[str, int]:
        return {self.text(token_id): token_id for token_id in range(self.size - 1, -1, -1)}

    @cached_property
    def _added(self) -> frozenset[int]:
        """Ids of words added to the vocabulary, which byte-level BPE keeps as they are written."""
        return frozenset(self._tokenizer.get_added_tokens_decoder())

    @cached_property
    def _byte_level(self) -> bool:
        return "ByteLevel" in type(self._tokenizer.decoder).__name__ or (
            '"type":"ByteLevel"' in self._tokenizer.to_str()
        )


def _from_byte_level(piece: str) -> str:
    """Undo the byte-to-letter table of byte-level BPE; a part of a letter becomes `<0xE2>`s."""
    try:
        raw = bytes(_BYTE_OF_LETTER[letter] for letter in piece)
    except KeyError:  # no piece of a byte-level vocabulary
        return piece
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return "".join(f"<0x{byte:02X}>" for byte in raw)


def _byte_of_letter() -> dict[str, int]:
    """GPT-2's table: printable Latin-1 bytes stand for themselves, the rest follow from U+0100."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    table = {chr(byte): byte for byte in printable}
    return table | {chr(256 + place): byte for place, byte in enumerate(others)}


_BYTE_OF_LETTER = _byte_of_letter()
