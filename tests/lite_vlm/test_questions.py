"""Answers follow from the truth; nothing that is shown is asked for in vain."""

import random
import re

import pytest

from fretboard.lite_vlm.train.kinds import article, imagenet_nouns, related
from fretboard.lite_vlm.train.questions import (
    NOTHING,
    about_nothing,
    about_noun,
    about_things,
    choose_absent,
)
from fretboard.lite_vlm.train.replay import first_sentence, plain_questions
from fretboard.lite_vlm.train.stamps import stamps

THINGS = [
    {"noun": "cat", "colour": "orange", "place": "left"},
    {"noun": "apple", "colour": None, "place": "right"},
]
ABSENT = ["bus", "hammer", "frog"]


@pytest.mark.parametrize("seed", range(20))
def test_a_scenes_answers_are_true(seed: int) -> None:
    exchanges = about_things(THINGS, ABSENT, random.Random(seed))
    yes = [exchange for exchange in exchanges if exchange.answer.startswith("Yes")]
    no = [exchange for exchange in exchanges if exchange.answer.startswith("No,")]
    assert len(yes) == len(no) > 0  # balanced, whatever the scene
    for exchange in exchanges:
        named = set(re.findall("cat|apple", exchange.question + exchange.answer))
        absent = [noun for noun in ABSENT if noun in exchange.answer]
        assert not absent or "no " in exchange.answer
        assert all(word in exchange.answer for word in exchange.content)
        if "orange" in exchange.answer:
            assert "an orange cat" in exchange.answer or exchange.answer == "The cat is orange."
        if "right" in exchange.answer:
            assert "apple" in named


def test_a_description_names_colour_and_place() -> None:
    answers = {exchange.answer for exchange in about_things(THINGS, ABSENT, random.Random(1))}
    assert "The image shows an orange cat on the left and an apple on the right." in answers
    assert "There is a cat and an apple in the image." in answers


def test_an_empty_picture_shows_nothing() -> None:
    answers = [exchange.answer for exchange in about_nothing(ABSENT, random.Random(0))]
    assert answers.count(NOTHING) == 2
    assert not any(answer.startswith("Yes") for answer in answers)


def test_of_a_photograph_only_the_noun_is_told() -> None:
    for exchange in about_noun("person", ABSENT, random.Random(2)):
        assert "person" in exchange.answer or "no " in exchange.answer


def test_absent_nouns_are_not_the_same_thing_under_another_name() -> None:
    pool = sorted({*imagenet_nouns(), *(stamp.noun for stamp in stamps())})
    chance = random.Random(3)
    for noun in chance.sample(pool, 60):
        for other in choose_absent(pool, [noun], 3, chance):
            assert not related(noun, other)
    assert related("duck", "bird")
    assert related("race car", "car")
    assert related("mug", "cup of coffee")
    assert not related("cat", "car")
    assert not related("pair of scissors", "pair of pliers")


def test_articles() -> None:
    assert article("apple") == "an apple"
    assert article("apple", "red") == "a red apple"
    assert article("cat", "orange") == "an orange cat"
    assert article("unicycle") == "a unicycle"
    assert article("broccoli") == "broccoli"


def test_imagenet_has_a_plain_noun_for_each_class() -> None:
    nouns = imagenet_nouns()
    assert len(nouns) == 1000
    assert {nouns[281], nouns[207], nouns[504]} == {
        "cat",
        "dog",
        "coffee mug",
    }


def test_held_out_stamps_and_questions_stay_apart() -> None:
    trained = {stamp.noun for stamp in stamps() if not stamp.held}
    held = [stamp for stamp in stamps() if stamp.held]
    assert len(held) > 80
    assert all(stamp.noun in trained for stamp in held)
    train, test = plain_questions()
    assert not set(train) & set(test)
    assert len(test) >= 30


def test_the_first_sentence_ends_at_its_stop() -> None:
    assert first_sentence("Paris. It is big.") == "Paris."
    assert first_sentence("It is 3.5 m long. Yes.") == "It is 3.5 m long."
    assert first_sentence("one\ntwo.") == "one"
