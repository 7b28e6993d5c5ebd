"""How `benchmarks/real_weights.py` holds an answer against a composed scene."""

from pathlib import Path

import pytest

from fretboard.core.words import merge_words

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def verdicts(monkeypatch):
    """The judged words of an answer about a red dog (brown as photographed) and a gray cat."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    from pretrained.scenes import StampTruth

    truth = StampTruth(("dog", "cat"), {"dog": ("red", "brown"), "cat": ("gray", "gray")})

    def judge(prompt: str, answer: str) -> dict[str, str]:
        words = merge_words([f" {word}" for word in answer.split()])
        found = truth.judge(prompt, answer, words).verdicts
        return {w.text: v for w, v in zip(words, found, strict=True) if v is not None}

    return judge


def test_a_colour_belongs_to_the_noun_behind_it(verdicts):
    said = verdicts("Describe the image.", "It shows a brown dog and a gray cat")
    assert said == {"brown": "hallucinated", "dog": "correct", "gray": "correct", "cat": "correct"}


def test_or_to_the_last_one_before_it_which_the_question_named(verdicts):
    assert verdicts("What color is the dog?", "The dog is blue") == {"blue": "wrong"}


def test_a_noun_of_nothing_here_is_hallucinated_and_its_colour_not_judged(verdicts):
    assert verdicts("What is this?", "It is a green lobster") == {"lobster": "hallucinated"}
