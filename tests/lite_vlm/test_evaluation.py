"""Judging: what is called right in one pass is what the model writes."""

import random
from pathlib import Path

import pytest
import torch
from PIL import Image

from fretboard.lite_vlm.train.evaluation import PLAIN, Answerer, names, photographs, scene_exchanges
from fretboard.lite_vlm.train.questions import Exchange
from fretboard.lite_vlm.train.replay import plain_questions
from fretboard.lite_vlm.train.scenes import Thing
from fretboard.lite_vlm.train.sequences import IGNORED


@pytest.fixture(scope="module")
def answerer(folder: Path) -> Answerer:
    return Answerer(folder)


def test_judged_in_one_pass_as_answered_in_use(answerer: Answerer, picture: Image.Image) -> None:
    exchanges = [Exchange("What is this?", "x", ("x",)), Exchange("Where?", "y", ("y",))]
    packed = answerer.packer.pack(answerer.see(picture), exchanges, 1000)
    logits = answerer.logits(packed)
    for number, exchange in enumerate(exchanges, 1):
        content = [{"type": "image"}, {"type": "text", "text": exchange.question}]
        messages = [{"role": "user", "content": content}]
        prompt = answerer.processor.apply_chat_template(messages, add_generation_prompt=True)
        inputs = answerer.processor(images=[picture], text=prompt, return_tensors="pt")
        with torch.no_grad():
            expected = answerer.model(**inputs).logits[0, -1]
        block = [at for at, segment in enumerate(packed.segments) if segment == number]
        first = next(at for at in block if packed.labels[at] != IGNORED)
        torch.testing.assert_close(logits[first], expected, atol=2e-3, rtol=1e-3)


def test_right_is_what_the_model_would_write(answerer: Answerer, picture: Image.Image) -> None:
    image = answerer.see(picture)
    packed = answerer.packer.pack(image, [Exchange("Where?", "y", ("y",))], 1000)
    first = next(at for at, label in enumerate(packed.labels) if label != IGNORED)
    best = int(answerer.logits(packed)[first].argmax())
    for letter in "xy":
        right = answerer.first_choices(image, [Exchange("Where?", letter, (letter,))])
        assert right == [answerer.tokenizer.token_to_id(letter) == best]


def test_an_object_is_named_by_a_word_of_its_own() -> None:
    assert names("There is a cup of coffee in the image.", ["espresso", "cup"])
    assert names("There are two Dogs.", ["dog"])
    assert not names("There is a catalogue in the image.", ["cat"])


def test_a_scene_is_asked_for_one_thing_there_and_one_not() -> None:
    cat = Thing("cat", "black", True, "left", "x", (1,))
    asked = dict(scene_exchanges([cat], random.Random(0)))
    assert asked["existence, present"].answer == "Yes, there is a cat in the image."
    assert asked["existence, absent"].answer.startswith("No, there is no ")
    assert asked["colour"].content == ("black",)
    assert asked["place"].content == ("on the left",)
    assert asked["single noun"].answer == "There is a cat in the image."
    pair = dict(
        scene_exchanges([cat, Thing("cow", None, False, "right", "y", (5,))], random.Random(0))
    )
    assert "single noun" not in pair


def test_at_least_sixty_photographs_and_thirty_plain_questions_are_held_out() -> None:
    listed = list(photographs(Path()))
    assert len({path for path, _ in listed}) == len(listed) >= 60
    asked = [line.split(" = ")[0] for line in PLAIN.read_text().splitlines()]
    assert asked == plain_questions()[1]
