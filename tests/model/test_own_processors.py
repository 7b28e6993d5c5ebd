"""From a folder with a family's own processor to an answer, for processors that want packages.

SmolVLM spells its image marks with num2words; Mistral 3's is marked as wanting torchvision.
"""

import pytest
import torch
from transformers import (
    Mistral3Config,
    Mistral3ForConditionalGeneration,
    SmolVLMConfig,
    SmolVLMForConditionalGeneration,
)

from fretboard.model.checkpoint import load
from fretboard.model.generation import generate
from fretboard.model.inputs import build_inputs, image_positions
from tests.model.test_processors import TEMPLATE, write_processor
from tests.support.tiny_families import TEXT
from tests.support.tiny_llava_families import EYE

SIDE = 32  # pixels of a tile, in patches of 4 that are merged by 2 × 2 or shuffled by 4


def smolvlm(folder):
    """Tiles of 8 × 8 patches, 4 × 4 of them shuffled into one position: 4 a tile."""
    marks = {
        "fake_image_token": "<fake_token_around_image>",
        "global_image_token": "<global-img>",
        "end_of_utterance_token": "<end_of_utterance>",
    }
    sizes = {"size": {"longest_edge": 2 * SIDE}, "max_image_size": {"longest_edge": SIDE}}
    processor, image = "SmolVLMProcessor", "SmolVLMImageProcessor"
    tokenizer = write_processor(folder, processor, image, marks, {"image_seq_len": 4}, **sizes)
    eye = EYE | {"image_size": SIDE, "patch_size": 4}
    config = SmolVLMConfig(
        vision_config=eye, text_config=words(tokenizer), image_token_id=place(tokenizer)
    )
    config.scale_factor = 4
    return SmolVLMForConditionalGeneration(config)


def mistral3(folder):
    """Patches of 4 × 4 pixels in the picture's own shape, merged by 2 × 2."""
    marks = {"image_break_token": "[IMG_BREAK]", "image_end_token": "[IMG_END]"}
    sizes = {"size": {"longest_edge": 64}, "patch_size": {"height": 4, "width": 4}}
    parts = {"patch_size": 4, "spatial_merge_size": 2, "image_token": "<image>"}
    processor, image = "PixtralProcessor", "PixtralImageProcessorFast"
    tokenizer = write_processor(folder, processor, image, marks, parts, **sizes)
    eye = EYE | {"model_type": "pixtral", "image_size": 64, "patch_size": 4, "head_dim": 8}
    config = Mistral3Config(
        vision_config=eye,
        text_config=words(tokenizer) | {"model_type": "mistral"},
        image_token_index=place(tokenizer),
        spatial_merge_size=2,
        vision_feature_layer=-1,
    )
    return Mistral3ForConditionalGeneration(config)


def words(tokenizer):
    return TEXT | {"vocab_size": len(tokenizer), "model_type": "llama"}


def place(tokenizer):
    return tokenizer.convert_tokens_to_ids("<image>")


# 64 × 48 pixels: SmolVLM cuts 2 × 2 tiles and adds the whole; Mistral 3 has 8 × 6 positions.
FAMILIES = {"smolvlm": (smolvlm, 5 * 4), "mistral3": (mistral3, 8 * 6)}


@pytest.fixture(params=FAMILIES)
def checkpoint(request, tmp_path):
    torch.manual_seed(0)
    build, positions = FAMILIES[request.param]
    build(tmp_path).save_pretrained(tmp_path)
    (tmp_path / "chat_template.jinja").write_text(TEMPLATE)
    return load(str(tmp_path), None, "cpu", "auto"), positions


@pytest.mark.parametrize("with_image", [True, False])
def test_an_answer_from_the_folder_is_the_models_own(checkpoint, random_image, with_image):
    checkpoint, positions = checkpoint
    picture = random_image.resize((64, 48)) if with_image else None
    inputs = build_inputs(checkpoint, "the cat", picture, None)
    assert len(image_positions(checkpoint, inputs)) == (positions if with_image else 0)
    steps = []
    generate(checkpoint, inputs, 4, (), lambda step: steps.append(step) or True)
    answer = torch.tensor([[step.token_id for step in steps[:-1]]])
    tensors = {key: value for key, value in inputs.tensors.items() if key != "attention_mask"}
    tensors["input_ids"] = torch.cat([tensors["input_ids"], answer], dim=1)
    with torch.inference_mode():
        own = checkpoint.model(**tensors, use_cache=False).logits[0, inputs.prompt_tokens - 1 :]
    anatomy = checkpoint.anatomy
    states = torch.stack([step.states[-1] for step in steps])
    torch.testing.assert_close(anatomy.logits(anatomy.normed(states)), own, atol=1e-4, rtol=1e-4)


def test_the_picture_is_read_by_the_processor(checkpoint, random_image):
    checkpoint, _ = checkpoint
    first = []
    for picture in (random_image, random_image.rotate(180)):
        inputs = build_inputs(checkpoint, "the cat", picture.resize((64, 48)), None)
        generate(checkpoint, inputs, 1, (), lambda step: first.append(step.logits) or True)
    assert not torch.allclose(*first, atol=1e-4)
