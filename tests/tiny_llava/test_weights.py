"""The committed weights load like any LLaVA-1.5 checkpoint and look at the image."""

import random

import pytest
import torch
from transformers import AutoModelForImageTextToText, AutoProcessor

from fretboard.tiny_llava import WEIGHTS
from fretboard.tiny_llava.train.evaluation import kind_recall
from fretboard.tiny_llava.world.backdrop import render
from fretboard.tiny_llava.world.dialogue import (
    CAPTION,
    QuestionAnswer,
    color_question,
    existence_question,
)
from fretboard.tiny_llava.world.scene import KINDS, Scene, SceneMix, sample_scene

FIRST_SEED = 90_000_000  # neither trained on nor used for the model card
ONE = SceneMix(typical=1.0, counts=(1, 0, 0), several=0.0, only_prior_kinds=True)


@pytest.fixture(scope="module")
def loaded() -> tuple:
    processor = AutoProcessor.from_pretrained(WEIGHTS)
    return processor, AutoModelForImageTextToText.from_pretrained(WEIGHTS).eval()


def ask(loaded: tuple, scene: Scene | None, question: str, size: int = 384) -> str:
    processor, model = loaded
    content = [{"type": "image", "image": render(scene, size)}] if scene else []
    content.append({"type": "text", "text": question})
    inputs = processor.apply_chat_template(
        [{"role": "user", "content": content}],
        add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt",
    )  # fmt: skip
    ids = model.generate(**inputs, max_new_tokens=72)
    return processor.decode(ids[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)


def test_loads_without_torchvision_at_a_committable_size(loaded: tuple) -> None:
    assert loaded[1].dtype == torch.float32
    assert loaded[1].config.model_type == "llava"
    assert sum(f.stat().st_size for f in WEIGHTS.iterdir()) <= 25e6


def test_answers_held_out_scenes(loaded: tuple) -> None:
    right, recalled = [], []
    for seed in range(FIRST_SEED, FIRST_SEED + 12):
        scene = sample_scene(seed, ONE)
        absent = random.Random(seed).choice([k for k in KINDS if not scene.find(k)])
        asked: list[QuestionAnswer] = [
            color_question(scene.groups[0]),
            existence_question(scene.groups[0].kind, True),
            existence_question(absent, False),
        ]
        right += [ask(loaded, scene, e.question) == e.answer for e in asked]
        recalled.append(kind_recall(scene, ask(loaded, scene, CAPTION)))
    assert sum(right) / len(right) >= 0.85
    assert sum(recalled) / len(recalled) >= 0.85


def test_another_image_gives_another_answer(loaded: tuple) -> None:
    colors = ("red", "blue", "white")
    scenes = [sample_scene(FIRST_SEED, ONE, kind="flower", color=color) for color in colors]
    said = [ask(loaded, scene, "What is the color of the flower?") for scene in scenes]
    assert len(set(said)) >= 2


def test_speaks_without_an_image(loaded: tuple) -> None:
    said = ask(loaded, None, "What is the color of the banana?")
    assert said.startswith("The banana is ")
    assert said.endswith(".")


def test_small_and_large_pictures_get_the_same_answer(loaded: tuple) -> None:
    scene = sample_scene(FIRST_SEED + 1, ONE)
    question = color_question(scene.groups[0]).question
    assert ask(loaded, scene, question, 96) == ask(loaded, scene, question, 384)
