"""What steering does to the bundled model, whose drawn truth is known; its directions; refusals."""

from functools import lru_cache
from pathlib import Path

import pytest
import torch

from fretboard.core.errors import InputError, NotFound, UnknownWord
from fretboard.core.own_models import BUNDLED_MODEL
from fretboard.core.question import Question
from fretboard.core.settings import Settings
from fretboard.core.steer import SteerDirection, parse_steering
from fretboard.engine.session import Session
from fretboard.engine.steer import ConceptDirections
from fretboard.lens.directions import exchanged, pushed
from fretboard.model.generation import generate
from fretboard.model.inputs import build_inputs
from fretboard.model.steer import StateChanges
from fretboard.tiny_llava.train.evaluation import held_out
from fretboard.tiny_llava.world.backdrop import render
from fretboard.tiny_llava.world.dialogue import color_question

LAYERS, MIDDLE = 12, 6


@lru_cache
def session():
    return Session.open(Settings(model=BUNDLED_MODEL, lenses=Path("none")))


def concepts():
    pipeline = session().pipeline
    anatomy = pipeline.checkpoint.anatomy
    return ConceptDirections(anatomy, pipeline.lenses, pipeline.vocabulary, pipeline.store)


def says(image, prompt, changes=None):
    checkpoint, ids = session().pipeline.checkpoint, []
    inputs = build_inputs(checkpoint, prompt, image, None)
    generate(checkpoint, inputs, 12, (), lambda s: ids.append(s.token_id) or True, changes=changes)
    return checkpoint.tokenizer.decode(ids, skip_special_tokens=True).strip()


def steered(text):
    return concepts().changes(parse_steering(text, LAYERS))


@lru_cache
def scenes():
    """(picture, question, plain answer, its colour), where that is not the colour steered to."""
    asked = [(render(s), color_question(s.groups[0]).question) for s in held_out("typical", 9)]
    plain = [(image, prompt, says(image, prompt)) for image, prompt in asked]
    return [(*case, case[2].rstrip(".").split()[-1]) for case in plain if "purple" not in case[2]]


def hits(make):
    """In how many scenes the answer becomes the plain one with the colour changed."""
    return sum(
        says(image, prompt, make(own)) == plain.replace(own, "purple")
        for image, prompt, plain, own in scenes()
    )


def test_steering_and_swapping_make_it_say_the_word_and_chance_does_not():
    """Measured over 100 scenes (docs/interventions.md)."""
    most = 0.6 * len(scenes())
    assert len(scenes()) >= 7
    assert hits(lambda own: steered(f"purple away={own} depths={MIDDLE}")) >= most
    assert hits(lambda own: steered(f"purple swap={own} depths={MIDDLE}")) >= most
    width = session().pipeline.checkpoint.anatomy.width
    draw = torch.Generator().manual_seed(0)
    noise = lambda: torch.randn(width, generator=draw)  # noqa: E731
    assert hits(lambda _: StateChanges({MIDDLE: pushed(noise(), 1.0)})) == 0
    assert hits(lambda _: StateChanges({MIDDLE: exchanged(noise(), noise())})) == 0


@pytest.mark.parametrize("direction", [SteerDirection.JACOBIAN, SteerDirection.TUNED])
def test_a_lens_direction_is_where_its_logit_rises(direction):
    """W_U·W_d: at depth L the word's own row, before it the row through the fitted map."""
    steering = parse_steering(f"red depths=3,12 direction={direction}", LAYERS)
    early, last = concepts().directions(["red"], steering)
    pipeline = session().pipeline
    own = concepts().directions(["red"], parse_steering("red depths=3", LAYERS))[0]
    torch.testing.assert_close(last, own)
    arrays = pipeline.lenses.read(direction.value)[1]
    expected = own[0].double() @ torch.from_numpy(arrays["prompt.weight"][3].astype("float64"))
    torch.testing.assert_close(early[0].double(), expected, atol=1e-4, rtol=1e-4)


def test_a_direction_from_two_analyses_is_the_difference_of_their_means():
    image, prompt, _, _ = scenes()[0]
    first, second = (
        session().analyze(Question(prompt=prompt, continuation=f"The dog is {color}."))
        for color in ("red", "green")
    )
    text = f"{first.id} away={second.id} depths=4 direction=means"
    found = concepts().directions([first.id, second.id], parse_steering(text, LAYERS))[0]
    for analysis, mean in zip((first, second), found, strict=True):
        states = session().arrays.named(analysis, "hidden_states")[4].mean(0)
        torch.testing.assert_close(mean, torch.from_numpy(states), atol=1e-5, rtol=1e-5)
    assert says(image, prompt, steered(text)) != ""


def test_strength_0_is_the_plain_answer_and_another_record():
    question = Question(prompt="Describe the weather.", max_new_tokens=4)
    plain = session().analyze(question)
    nothing = session().analyze(question.but(steering="red depths=3 strength=0"))
    assert nothing.id != plain.id
    assert str(nothing.request.steering) == "red depths=3 strength=0"
    for name in ("hidden_states", "probability"):
        own, other = (session().arrays.named(a, name) for a in (plain, nothing))
        assert (own == other).all()


@pytest.mark.parametrize(
    ("text", "error", "reason"),
    [
        ("xqzzyv", UnknownWord, "is not in this model's vocabulary"),
        ("red away=blue swap=green", InputError, "give one of them"),
        ("red swap=red", InputError, "there is nothing between them"),
        ("red swap=blue depths=4-5", InputError, "undoes itself"),
        ("red depths=13", InputError, "no depth 13; the model has 0 to 12"),
        ("red strength=nan", InputError, "strength: input should be a finite number"),
        ("red strength=1000", InputError, "less than or equal to 100"),
        ("red loudness=3", InputError, "no setting of steering 'loudness=3'"),
        ("red at=image tokens=1", InputError, "tokens are of the answer"),
        ("red direction=means", InputError, "give their ids"),
        ("red direction=latent depths=12", InputError, "no states at depth 12"),
        ("table direction=latent", UnknownWord, "vocabulary"),
        (f"{'0' * 32} away={'1' * 32} direction=means", NotFound, "no such record"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence(text, error, reason):
    with pytest.raises(error, match=reason):
        steered(text)
