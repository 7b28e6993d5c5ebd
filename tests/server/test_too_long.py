"""Texts that cannot be run are refused when they are asked, once the tokenizer is known."""

import pytest
import torch
from fastapi.testclient import TestClient
from transformers import GPT2Config, GPT2LMHeadModel

from fretboard.core.chat_template import added_tokens
from fretboard.core.model_info import served_model
from fretboard.core.vocabulary import Vocabulary
from fretboard.jobs.services import build_services
from fretboard.jobs.worker import Worker
from fretboard.server.app import create_app
from tests.support.api_calls import finished
from tests.support.settings import make_settings
from tests.support.tiny_models import make_tokenizer

FEW = {"max_new_tokens": 8}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A client of a GPT-2 with 64 positions, answers of at most 40 tokens."""
    folder = tmp_path_factory.mktemp("gpt2")
    tokenizer = make_tokenizer()
    sizes = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64}
    torch.manual_seed(0)
    config = GPT2Config(vocab_size=len(tokenizer), eos_token_id=None, **sizes)
    GPT2LMHeadModel(config).save_pretrained(folder)
    tokenizer.add_tokens(["zebra"])
    tokenizer.save_pretrained(folder)
    served_model.cache_clear()
    settings = make_settings(folder, tmp_path_factory.mktemp("store"), max_new_tokens=40)
    services = build_services(settings)
    worker = Worker(services)
    worker.start()
    with TestClient(create_app(services, lambda: None), base_url="http://localhost") as client:
        yield client
    worker.stop()


@pytest.mark.parametrize(
    ("fields", "detail"),
    [
        ({"prompt": "cat " * 80}, "knows 64 positions"),
        ({"prompt": "cat " * 40, "max_new_tokens": 30}, "fit into the 64 positions"),
        ({"prompt": "cat", "continuation": "cat " * 50}, "at most 40 are taken"),
        ({"prompt": "cat " * 40, "continuation": "cat " * 30}, "fit into the 64 positions"),
        ({"prompt": "a zebra"}, "holds 'zebra'"),
        ({"prompt": "cat", "continuation": "zebra"}, "holds 'zebra'"),
    ],
)
def test_it_is_a_422_that_says_what_fits(small, fields, detail):
    answer = small.post("/api/analyses", data=FEW | fields)
    assert answer.status_code == 422
    assert detail in answer.json()["detail"]


def test_what_fits_is_answered(small):
    found, _ = finished(small, small.post("/api/analyses", data={"prompt": "cat"} | FEW))
    assert (found["status"], len(found["tokens"])) == ("done", 8)


TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}USER : the cat is on the grass {{ m['content'] }}"
    "{% endfor %} ASSISTANT :"
)


@pytest.fixture(scope="module")
def talking(small, tmp_path_factory):
    """The same tokenizer with a chat template: (folder's encoder, its vocabulary, folder)."""
    folder = tmp_path_factory.mktemp("talking")
    tokenizer = make_tokenizer()
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)
    return tokenizer, Vocabulary(tokenizer.backend_tokenizer.to_str()), folder


def test_a_template_counts_as_the_model_will_read_it(talking):
    tokenizer, vocabulary, folder = talking
    around = added_tokens(str(folder), "1", vocabulary)
    prompt = "the red dog " * 5
    turns = [{"role": "user", "content": prompt}]
    whole = tokenizer.apply_chat_template(turns, add_generation_prompt=True)["input_ids"]
    assert around > 8
    assert abs(vocabulary.count(prompt) + around - len(whole)) <= 1  # where the two meet


def test_without_a_folder_or_with_a_broken_template_nothing_is_added(talking, tmp_path):
    _, vocabulary, _ = talking
    assert added_tokens("some/hub-name", "1", vocabulary) == 0
    (tmp_path / "tokenizer_config.json").write_text("{}")
    (tmp_path / "chat_template.jinja").write_text("{% for")
    assert added_tokens(str(tmp_path), "1", vocabulary) == 0
