"""Tokens → words → content or function."""

import pytest
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from fretboard.core.words import merge_words, word_kind


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        ([" The", " tom", "ato", "es", " are", " red", "."],
         ["The", "tomatoes", "are", "red", "."]),
        (["It", "'", "s", " a", " black", "-", "and", "-", "white", " dog", ",", " 12", "3"],
         ["It's", "a", "black-and-white", "dog", ",", "123"]),
        ([" caf", "<0xC3>", "<0xA9>", ".", "</s>"], ["café", ".", "</s>"]),
        ([" one", "\n", "\n", "two"], ["one", "", "", "two"]),
        ([], []),
    ],
)  # fmt: skip
def test_tokens_become_words(tokens, expected):
    words = merge_words(tokens)
    assert [word.text for word in words] == expected
    assert [at for word in words for at in word.tokens] == list(range(len(tokens)))


@pytest.mark.parametrize("word", ["dog", "red", "two", "12", "No", "top", "café", "dog's"])
def test_words_that_tell_something_are_content(word):
    assert word_kind(word) == "content"


@pytest.mark.parametrize("word", ["The", "is", "there", ",", "…", "", "</s>", "it's", "doesn't"])
def test_other_words_marks_and_markers_are_function(word):
    assert word_kind(word) == "function"


def test_most_of_the_library_s_stop_words_stay_function_words():
    kept = [word for word in ENGLISH_STOP_WORDS if word_kind(word) == "function"]
    assert len(ENGLISH_STOP_WORDS) - 60 < len(kept) < len(ENGLISH_STOP_WORDS)
