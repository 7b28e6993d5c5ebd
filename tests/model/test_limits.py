"""Words without an embedding, texts beyond the positions, pictures too small: told before a run."""

import json
import shutil

import pytest
import torch
from PIL import Image
from transformers import GPT2Config, GPT2LMHeadModel

from fretboard.analysis.questions import prepare
from fretboard.core.analysis import Analysis, Status
from fretboard.core.errors import InputError, TooLong
from fretboard.core.question import Question
from fretboard.engine.load import load_pipeline
from fretboard.engine.run import Job
from fretboard.engine.session import Session
from fretboard.model.checkpoint import load
from fretboard.model.generation import generate
from fretboard.model.inputs import build_inputs
from fretboard.store.analyses import open_store
from tests.model.test_own_processors import FAMILIES, TEMPLATE
from tests.model.test_processors import write_processor
from tests.support.settings import make_settings
from tests.support.tiny_models import make_tokenizer
from tests.support.tiny_other_families import MROPE, NATIVE

POSITIONS = 64


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory):
    """64 learned positions, and a tokenizer with a word more than the embedding has."""
    folder = tmp_path_factory.mktemp("gpt2")
    tokenizer = make_tokenizer()
    rows = len(tokenizer)
    sizes = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": POSITIONS}
    torch.manual_seed(0)
    ends = {"eos_token_id": None, "bos_token_id": 1}
    GPT2LMHeadModel(GPT2Config(vocab_size=rows, **sizes, **ends)).save_pretrained(folder)
    tokenizer.add_tokens(["zebra"])
    tokenizer.eos_token = None
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def ask(gpt2, tmp_path_factory):
    """A question's finished analysis, or what is raised."""
    settings = make_settings(gpt2, tmp_path_factory.mktemp("store"))
    pipeline = load_pipeline(settings, open_store("memory://"))

    def run(prompt: str, **fields) -> Analysis:
        analysis, _ = prepare(settings, Question(prompt=prompt, **fields))
        return pipeline.analyse(Job(analysis, None))

    return run


def tokens(count: int) -> str:
    """A prompt of so many tokens, the beginning-of-text token included."""
    return " ".join(["cat"] * (count - 1))


def test_prompt_and_answer_may_fill_the_positions(ask):
    answered = ask(tokens(60), max_new_tokens=4)
    assert (answered.status, answered.prompt_tokens) == (Status.DONE, 60)
    assert len(answered.tokens) == 4


@pytest.mark.parametrize("fields", [{"prompt": "a \ud83d"}, {"continuation": "\udc80"}])
def test_half_a_character_is_refused(ask, fields):
    with pytest.raises(InputError, match="half of a character"):
        ask(**{"prompt": "a cat"} | fields)


def test_any_of_several_ends_ends_an_answer(gpt2, tmp_path):
    free = answered(gpt2, tmp_path)
    assert free.finish_reason == "length"  # no end at all
    ids = [token.id for token in free.tokens]
    folder = shutil.copytree(gpt2, tmp_path / "ends")
    ends = {"eos_token_id": [0, ids[-1]], "suppress_tokens": ids[:1]}
    (folder / "generation_config.json").write_text(json.dumps(ends))
    ended = answered(folder, tmp_path)
    assert ended.finish_reason == "stop"
    assert [token.id for token in ended.tokens] == ids[: ids.index(ids[-1]) + 1]


def answered(folder, store) -> Analysis:
    settings = make_settings(folder, store)
    return Session.open(settings).analyze(Question(prompt="a cat", max_new_tokens=6))


@pytest.mark.parametrize(
    ("prompt", "new", "fits"), [(60, 5, 4), (63, 1000, 1), (64, 1, 0), (300, 1, 0)]
)
def test_beyond_them_the_number_that_fits_is_told(ask, prompt, new, fits):
    with pytest.raises(TooLong) as refused:
        ask(tokens(prompt), max_new_tokens=new)
    assert (refused.value.status, refused.value.members) == (422, {"max_new_tokens": fits})
    assert str(POSITIONS) in refused.value.detail


def test_a_continuation_beyond_them_is_told_too(ask):
    assert ask(tokens(50), continuation=tokens(14)).status == Status.DONE
    with pytest.raises(TooLong, match=r"The continuation has 15 tokens; .* 14 fit"):
        ask(tokens(50), continuation=tokens(16))


def test_a_continuation_longer_than_answers_may_be_is_refused(gpt2, tmp_path):
    settings = make_settings(gpt2, tmp_path, max_new_tokens=8)
    pipeline = load_pipeline(settings, open_store("memory://"))
    analysis, _ = prepare(
        settings, Question(prompt="cat", continuation=tokens(10), max_new_tokens=8)
    )
    with pytest.raises(InputError, match=r"continuation has 9 tokens; at most 8 are taken"):
        pipeline.analyse(Job(analysis, None))


@pytest.mark.parametrize("fields", [{"prompt": "the zebra"}, {"continuation": "a zebra sits"}])
def test_a_word_that_the_model_has_no_number_for_is_named(ask, fields):
    with pytest.raises(InputError, match=r"holds 'zebra', which the tokenizer knows"):
        ask(**{"prompt": "the cat"} | fields)


@pytest.fixture(scope="module")
def mistral3(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mistral3")
    FAMILIES["mistral3"][0](folder).save_pretrained(folder)
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    return load(str(folder), None, "cpu", "auto")


@pytest.mark.parametrize("size", [(1, 1), (3, 3), (8, 8)])
def test_a_picture_of_one_position_is_refused_with_the_smallest_size(mistral3, size):
    with pytest.raises(InputError, match="at least 9 × 9 pixels"):
        build_inputs(mistral3, "the cat", Image.new("RGB", size), None)


@pytest.mark.parametrize("size", [(100, 1), (1, 100)])
def test_a_strip_that_scales_to_nothing_is_refused(mistral3, size):
    with pytest.raises(InputError, match="Send a larger picture, nearer to a square"):
        build_inputs(mistral3, "the cat", Image.new("RGB", size), None)


def test_the_smallest_size_runs(mistral3):
    inputs = build_inputs(mistral3, "the cat", Image.new("RGB", (9, 9), "red"), None)
    generate(mistral3, inputs, 1, (), lambda _step: True)


def test_a_video_marker_is_refused_as_an_image_marker_is(tmp_path):
    from transformers import Qwen2VLConfig, Qwen2VLForConditionalGeneration

    from tests.support.tiny_families import TEXT

    marks = {"video_token": "<video>"}
    tokenizer = write_processor(tmp_path, "Qwen2VLProcessor", "Qwen2VLImageProcessor", marks)
    (tmp_path / "chat_template.jinja").write_text(TEMPLATE)
    config = Qwen2VLConfig(
        vision_config=NATIVE | {"hidden_size": 32, "embed_dim": 16, "patch_size": 14},
        text_config=TEXT | {"vocab_size": len(tokenizer), "rope_parameters": MROPE},
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        video_token_id=tokenizer.convert_tokens_to_ids("<video>"),
    )
    Qwen2VLForConditionalGeneration(config).save_pretrained(tmp_path)
    checkpoint = load(str(tmp_path), None, "cpu", "auto")
    for kind in ("image", "video"):
        with pytest.raises(InputError, match=f"'<{kind}>', the model's own {kind} marker"):
            build_inputs(checkpoint, f"what is <{kind}> here", None, None)
