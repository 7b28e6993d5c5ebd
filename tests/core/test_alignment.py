"""One role in many answers, in their odd shapes."""

import pytest

from fretboard.core.alignment import COLOUR_WORDS, Role, align, parse_role
from fretboard.core.errors import InputError
from fretboard.tiny_llava.world.scene import COLORS

RED = [" The", " flower", " is", " red", ".", "</s>"]
TURQUOISE = [" The", " flower", " is", " tur", "qu", "oise", ".", "</s>"]


def tokens(answers, text):
    return [one.token for one in align(answers, parse_role(text)).positions]


def test_the_first_word_that_differs_is_found_at_its_first_piece():
    made = align([RED, TURQUOISE, RED], parse_role("first-difference"))
    assert [one.token for one in made.positions] == [3, 3, 3]
    assert [one.word for one in made.positions] == ["red", "turquoise", "red"]
    assert made.warning is None


def test_words_of_several_pieces_shift_the_token_but_not_the_role():
    many = [" The", " sun", "flow", "er", " is", " blue", "."]
    few = [" The", " sunflower", " is", " yellow", "."]
    assert tokens([many, few], "first-difference") == [5, 3]
    assert tokens([many, few], "after:is") == [5, 3]
    assert tokens([many, few], "class:colour") == [5, 3]


def test_an_answer_that_ends_early_and_an_empty_one_are_named():
    made = align(
        [RED, [], ["</s>"], [" The", " flower"], TURQUOISE], parse_role("first-difference")
    )
    assert [one.token for one in made.positions] == [3, None, None, None, 3]
    assert "no words" in made.positions[1].reason
    assert "no words" in made.positions[2].reason
    assert "ends before" in made.positions[3].reason
    assert "3 of 5" in made.warning
    assert "2 (the answer has no words)" in made.warning


def test_equal_answers_have_no_difference():
    made = align([RED, [text.lower() for text in RED]], parse_role("first-difference"))
    assert [one.token for one in made.positions] == [None, None]
    assert "no word differs" in made.warning


def test_one_answer_that_only_ends_before_the_other_does_not_differ():
    assert tokens([RED[:3], RED], "first-difference") == [None, None]


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (["Is", " it", " red", "?"], 1),  # no leading space, another case
        ([" It", "'s", " what", " it", " is", ":", " “", "red", "”"], 7),  # punctuation between
        ([" This", " island", " is", " blue"], 3),  # pieces of words do not count
        ([" It", " is"], None),
        ([" It", " is", "."], None),
        ([" No"], None),
    ],
)
def test_the_word_after(answer, found):
    assert tokens([answer], "after:is") == [found]


def test_the_word_after_several_words():
    assert tokens([[" is", " it", ",", " it", " is", " not", " red"]], "after:it is") == [5]


def test_why_there_is_no_word_after():
    positions = align([[" No"], [" It", " is", "."]], parse_role("after:is")).positions
    assert "has no “is”" in positions[0].reason
    assert "no word follows" in positions[1].reason


def test_a_word_class_takes_the_first_of_its_words_and_warns_of_another_place():
    answers = [[" A", " red", " dog", " on", " green"], RED, [" A", " dog"]]
    made = align(answers, parse_role("class:colour"))
    assert [one.token for one in made.positions] == [1, 3, None]
    assert "“a” in 1" in made.warning
    assert "“is” in 1" in made.warning
    assert "1 of 3" in made.warning


def test_an_own_list_of_words_matches_whole_words_whatever_their_case():
    assert tokens([[" A", " catalogue", " of", " Cat", "s"], [" CAT", "!"]], "words:cat,dog") == [
        None,
        0,
    ]


def test_punctuation_glued_to_a_word_keeps_its_token():
    assert tokens([[" red,", "blue."], [" (", "blue", ")"]], "words:blue") == [1, 1]


def test_an_index_is_taken_as_it_is_and_warned_of_where_roles_differ():
    made = align([RED, TURQUOISE, [" A", " big", " red", " dog"], [" A"]], parse_role("3"))
    assert [one.token for one in made.positions] == [3, 3, 3, None]
    assert "1 tokens" in made.positions[3].reason
    assert "“is” in 2" in made.warning
    assert "“red” in 1" in made.warning


def test_no_answers_have_no_positions():
    made = align([], parse_role("first-difference"))
    assert (made.positions, made.warning) == ((), None)


def test_the_bundled_worlds_colours_are_in_the_list():
    assert set(COLORS) <= COLOUR_WORDS


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("first-difference", Role("first-difference")),
        ("after:Is the", Role("after", ("is", "the"))),
        ("words:Red, blue", Role("words", ("red", "blue"))),
        (" 6 ", Role("index", index=6)),
    ],
)
def test_a_role_is_read_from_text(text, role):
    assert parse_role(text) == role


@pytest.mark.parametrize(
    "text", ["", "-1", "after:", "words: ,", "class:fruit", "last", "6:7", "²", "9" * 5000]
)
def test_what_is_no_role_is_refused_with_advice(text):
    with pytest.raises(InputError, match=r"write first-difference|there is colour"):
        parse_role(text)
