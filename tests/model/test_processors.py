"""From a checkpoint folder to model tensors, for processors with ways of their own."""

import json
from types import SimpleNamespace

import pytest
import torch
from transformers import (
    PreTrainedTokenizerFast,
    ProcessorMixin,
    Qwen2VLConfig,
    Qwen2VLForConditionalGeneration,
)

from fretboard.core.errors import UnsupportedModel
from fretboard.model import processors as processors_module
from fretboard.model.checkpoint import load
from fretboard.model.generation import generate
from fretboard.model.inputs import build_inputs, image_positions
from fretboard.model.processors import load_processor
from fretboard.model.templates import find_turn, image_prefix
from tests.support.tiny_families import TEXT
from tests.support.tiny_models import make_processor, make_tokenizer
from tests.support.tiny_other_families import MROPE, NATIVE

TEMPLATE = (
    "{% for m in messages %}{% for c in m['content'] %}{% if c['type'] == 'image' %}"
    "<image>{% else %}{{ c['text'] }}{% endif %}{% endfor %}{% endfor %}"
)


def write_processor(folder, processor, image_processor, marks=None, parts=None, **more):
    """The files that `save_pretrained` leaves, written by hand; returns the tokenizer."""
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=make_tokenizer().backend_tokenizer,
        **{"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>", "pad_token": "<unk>"},
        extra_special_tokens={"image_token": "<image>"} | (marks or {}),
    )
    tokenizer.save_pretrained(folder)
    files = {
        "preprocessor_config.json": {"image_processor_type": image_processor} | more,
        "processor_config.json": {"processor_class": processor} | (parts or {}),
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content))
    return tokenizer


@pytest.fixture
def qwen(tmp_path):
    """A folder with a tiny Qwen2-VL; 56 × 56 pixels are 4 × 4 patches of 14, merged by 2 × 2."""
    tokenizer = write_processor(tmp_path, "Qwen2VLProcessor", "Qwen2VLImageProcessor")
    (tmp_path / "chat_template.jinja").write_text(TEMPLATE)
    words = {"vocab_size": len(tokenizer), "rope_parameters": MROPE}
    config = Qwen2VLConfig(
        vision_config=NATIVE | {"hidden_size": 32, "embed_dim": 16, "patch_size": 14},
        text_config=TEXT | words,
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        video_token_id=0,
    )
    torch.manual_seed(0)
    Qwen2VLForConditionalGeneration(config).save_pretrained(tmp_path)
    return tmp_path


@pytest.mark.parametrize("with_image", [True, False])
def test_a_checkpoint_whose_processor_bundles_videos_is_loaded_and_answers(
    qwen, random_image, with_image
):
    checkpoint = load(str(qwen), None, "cpu", "auto")
    image = random_image.resize((56, 56)) if with_image else None
    inputs = build_inputs(checkpoint, "the cat", image, None)
    assert len(image_positions(checkpoint, inputs)) == (4 if with_image else 0)
    steps = []
    generate(checkpoint, inputs, 3, (0,), lambda step: steps.append(step) or True)
    assert len(steps) == 3
    assert checkpoint.processor.get_attributes() >= ["image_processor", "tokenizer"]


VIDEO = {"video_token": "<video>"}
BUNDLING = {
    "Qwen3VLProcessor": ("Qwen2VLImageProcessorFast", VIDEO, {}),
    "Glm4vProcessor": ("Glm4vImageProcessor", VIDEO, {}),
    "LlavaOnevisionProcessor": (
        "LlavaOnevisionImageProcessor",
        VIDEO,
        {"num_image_tokens": 729, "vision_feature_select_strategy": "full"},
    ),
    "InternVLProcessor": (
        "GotOcr2ImageProcessorFast",
        VIDEO | {f"{name}_image_token": f"<{name}>" for name in ("start", "end", "context")},
        {"image_seq_length": 4},
    ),
}


def features(name, tensors):
    """How many positions the families' descriptions promise for these pixels."""
    if "image_grid_thw" in tensors:
        return int(tensors["image_grid_thw"].prod()) // 4
    if name == "InternVLProcessor":
        return 4 * len(tensors["pixel_values"])
    # One crop of 27 × 27, trimmed to the picture's 3 : 4, its line breaks, and the whole picture.
    return 729 + 27 * (27 - 2 * 3) + 27 - 2 * 3


@pytest.mark.parametrize("name", BUNDLING)
def test_processors_that_bundle_videos_take_images_without_torchvision(
    name, tmp_path, random_image
):
    kind, marks, more = BUNDLING[name]
    write_processor(tmp_path, name, kind, marks, more)
    place = marks.get("context_image_token", "<image>")
    (tmp_path / "chat_template.jinja").write_text(TEMPLATE.replace("<image>", place))
    parts = Parts(load_processor(str(tmp_path), None))
    tensors = build_inputs(parts, "the cat", random_image.resize((64, 48)), None).tensors
    image_id = parts.tokenizer.convert_tokens_to_ids(place)
    assert int((tensors["input_ids"] == image_id).sum()) == features(name, tensors)


def test_processor_classes_are_left_as_they_were(qwen, monkeypatch):
    monkeypatch.setattr(processors_module, "find_spec", lambda _name: None)
    before = dict(vars(ProcessorMixin))
    load_processor(str(qwen), None)
    assert dict(vars(ProcessorMixin)) == before


def test_a_missing_package_is_named(tmp_path, monkeypatch):
    def absent(*_args, **_more):
        raise ImportError("Package `num2words` is required to run SmolVLM processor. Install it.")

    monkeypatch.setattr(processors_module, "find_spec", lambda _name: None)
    monkeypatch.setattr(processors_module.AutoProcessor, "from_pretrained", absent)
    with pytest.raises(UnsupportedModel, match=r"`num2words` is required .* and start again"):
        load_processor(str(tmp_path), None)


class Parts:
    """A checkpoint, as far as building inputs looks at it."""

    def __init__(self, processor):
        self.processor, self.tokenizer = processor, processor.tokenizer
        self.model = torch.nn.Embedding(len(self.tokenizer), 1)
        self.model.get_input_embeddings = lambda: self.model
        self.anatomy = SimpleNamespace(image_token_id=None, vocabulary=len(self.tokenizer))
        self.turn = find_turn(processor, with_images=True)


def test_paligemma_gets_its_prompt_behind_the_image_and_no_labels(tmp_path, random_image):
    write_processor(tmp_path, "PaliGemmaProcessor", "SiglipImageProcessor", image_seq_length=4)
    parts = Parts(load_processor(str(tmp_path), None))
    tensors = build_inputs(parts, "the cat", random_image, None).tensors
    words = parts.tokenizer.decode(tensors["input_ids"][0]).replace(" ", "")
    assert words == "<image>" * 4 + "<s>thecat\n"
    assert set(tensors) == {"input_ids", "token_type_ids", "attention_mask", "pixel_values"}


def test_mllama_gets_one_placeholder_with_the_prompt_behind_it(tmp_path, random_image):
    write_processor(tmp_path, "MllamaProcessor", "MllamaImageProcessor")
    processor = load_processor(str(tmp_path), None)
    assert image_prefix(processor) == processor.image_token


def test_blip_sets_its_placeholders_itself(tmp_path):
    write_processor(tmp_path, "InstructBlipProcessor", "BlipImageProcessor", num_query_tokens=4)
    assert image_prefix(load_processor(str(tmp_path), None)) == ""


def test_others_get_the_image_on_a_line_of_its_own():
    assert image_prefix(make_processor()) == "<image>\n"
