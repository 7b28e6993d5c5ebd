"""Token texts and words, for Llama-style and byte-level tokenizers."""

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from fretboard.core.errors import UnknownWord
from fretboard.core.vocabulary import Vocabulary
from tests.support.tiny_models import make_tokenizer


@pytest.fixture(scope="module")
def llama() -> Vocabulary:
    return Vocabulary(make_tokenizer().backend_tokenizer.to_str())


def byte_level_tokenizer() -> Tokenizer:
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    core.train_from_iterator([" red naïve standing"] * 20, trainer)
    return core


@pytest.fixture(scope="module")
def byte_level() -> Vocabulary:
    return Vocabulary(byte_level_tokenizer().to_str())


@pytest.mark.parametrize("kind", ["llama", "byte_level"])
def test_a_word_is_taken_in_its_form_inside_a_sentence(kind, request):
    vocabulary = request.getfixturevalue(kind)
    word = vocabulary.word("red")
    assert word.token_text == " red"
    assert vocabulary.text(word.token_id) == " red"
    assert word.pieces == (" red",)


@pytest.mark.parametrize("kind", ["llama", "byte_level"])
@pytest.mark.parametrize("word", ["xylophone", "zzz", "日本", "🦊", " ", ""])
def test_words_outside_the_vocabulary_are_refused(kind, word, request):
    with pytest.raises(UnknownWord):
        request.getfixturevalue(kind).word(word)


def test_a_word_of_several_tokens_is_followed_by_its_first(llama):
    word = llama.word("reds")
    assert word.token_text == " red"
    assert word.pieces == (" red", "s")


def test_texts_keep_spaces_and_show_bytes(llama, byte_level):
    assert llama.text(4 + 0xE2) == "<0xE2>"
    assert llama.text(10**6) == "<unused 1000000>"
    texts = {byte_level.text(i) for i in range(byte_level.size)}
    assert " naïve" in texts
    assert "<0xC3>" in texts


ADDED = ["crème", "đem", "Über", "<|im_end|>", "Ġleading", "日本"]


def test_words_added_to_a_byte_level_vocabulary_are_shown_and_found_as_written():
    core = byte_level_tokenizer()
    core.add_tokens(ADDED)
    vocabulary = Vocabulary(core.to_str())
    for word in ADDED:
        token_id = core.token_to_id(word)
        assert vocabulary.text(token_id) == word
        assert vocabulary.word(word).token_id == token_id
    assert vocabulary.text(core.encode(" red").ids[0]) == " red"
