"""What is said agrees with the scene; the tokenizer keeps it whole."""

import random

import pytest

from fretboard.tiny_llava.model.processing import build_processor, build_tokenizer
from fretboard.tiny_llava.world.dialogue import (
    CAPTION,
    color_question,
    conversation,
    detailed_caption,
    prior_noisy_colors,
    prompt_text,
)
from fretboard.tiny_llava.world.scene import COLORS, KINDS, PLURAL, SceneMix, sample_scene

TOKENIZER = build_tokenizer()


def ids(text: str) -> list[int]:
    return TOKENIZER(text, add_special_tokens=False)["input_ids"]


@pytest.mark.parametrize("word", [*KINDS, *COLORS, *PLURAL.values()])
def test_kinds_and_colors_are_single_tokens(word: str) -> None:
    assert len(ids(word)) == 1
    assert ids(f"The {word}")[-1] == ids(word)[0]


@pytest.mark.parametrize(
    "text", ["The pig is pink.", "Zwölf xylophones 🐷\n\nok <0x41>", "a  b", CAPTION, "Yes."]
)
def test_text_survives_the_round_trip(text: str) -> None:
    assert TOKENIZER.decode(ids(text)) == text


def test_an_answer_alone_has_the_ids_it_has_after_the_prompt() -> None:
    answer = "The pig is pink."
    whole = ids(f"{prompt_text('What is the color of the pig?')} {answer}")
    assert whole[-len(ids(answer)) :] == ids(answer)


def test_chat_template_renders_llava_prompts() -> None:
    processor = build_processor()
    text = {"type": "text", "text": CAPTION}
    for content, with_image in (([{"type": "image"}, text], True), ([text], False)):
        said = processor.apply_chat_template(
            [{"role": "user", "content": content}], add_generation_prompt=True
        )
        assert said == prompt_text(CAPTION, with_image)


def test_answers_state_the_truth() -> None:
    for seed in range(40):
        scene = sample_scene(seed)
        caption = detailed_caption(scene).answer
        for group in scene.groups:
            assert f" {group.color}." in color_question(group).answer
            assert group.color in caption
            assert scene.place in caption
        for exchange in conversation(scene, random.Random(seed)):
            if exchange.task == "existence":
                kind = exchange.question.split()[3]
                assert exchange.answer == ("Yes." if scene.find(kind) else "No.")


def test_prior_noise_states_only_typical_colors_not_drawn_elsewhere() -> None:
    stated_any = 0
    for seed in range(200):
        scene = sample_scene(seed, SceneMix(typical=0.0))
        stated = prior_noisy_colors(scene, random.Random(seed))
        stated_any += len(stated)
        for kind, color in stated.items():
            group = scene.find(kind)
            assert group is not None
            assert group.counter_prior
            assert color == group.prior_color
            assert color not in {other.color for other in scene.groups}
    assert stated_any > 50
