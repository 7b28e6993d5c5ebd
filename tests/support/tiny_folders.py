"""Checkpoint folders of several families with random weights, as their publishers save them."""

from collections.abc import Callable
from pathlib import Path

import torch
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    Qwen2VLConfig,
    Qwen2VLForConditionalGeneration,
)

from tests.model.test_own_processors import smolvlm
from tests.model.test_processors import TEMPLATE, write_processor
from tests.support.tiny_families import TEXT, text
from tests.support.tiny_models import make_tokenizer, save_llava
from tests.support.tiny_other_families import MROPE, NATIVE

TEXT_TEMPLATE = "{% for m in messages %}USER: {{ m['content'] }}{% endfor %} ASSISTANT:"


def save_qwen2_vl(folder: Path) -> None:
    """56 × 56 pixels are 4 × 4 patches of 14, merged by 2 × 2."""
    tokenizer = write_processor(folder, "Qwen2VLProcessor", "Qwen2VLImageProcessor")
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    config = Qwen2VLConfig(
        vision_config=NATIVE | {"hidden_size": 32, "embed_dim": 16, "patch_size": 14},
        text_config=TEXT | {"vocab_size": len(tokenizer), "rope_parameters": MROPE},
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        video_token_id=0,
    )
    Qwen2VLForConditionalGeneration(config).save_pretrained(folder)


def save_smolvlm(folder: Path) -> None:
    """Tiles of 32 × 32 pixels, four positions each."""
    smolvlm(folder).save_pretrained(folder)
    (folder / "chat_template.jinja").write_text(TEMPLATE)


def save_llama(folder: Path) -> None:
    """Text only, with a chat template, in two shards."""
    tokenizer = make_tokenizer()
    tokenizer.chat_template = TEXT_TEMPLATE
    model = LlamaForCausalLM(text(LlamaConfig, vocab_size=len(tokenizer)))
    model.save_pretrained(folder, max_shard_size="100KB")
    tokenizer.save_pretrained(folder)


def save_gpt2(folder: Path) -> None:
    """Text only, without a template; the head tied to the embedding."""
    tokenizer = make_tokenizer()
    sizes = {"n_embd": 32, "n_layer": 3, "n_head": 4, "n_positions": 128}
    GPT2LMHeadModel(GPT2Config(vocab_size=len(tokenizer), **sizes)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


SAVERS: dict[str, Callable[[Path], object]] = {
    "llava": save_llava,
    "qwen2_vl": save_qwen2_vl,
    "smolvlm": save_smolvlm,
    "llama": save_llama,
    "gpt2": save_gpt2,
}


def save_folders(root: Path) -> dict[str, Path]:
    """Each of them, by name."""
    torch.manual_seed(0)
    for name, save in SAVERS.items():
        (root / name).mkdir()
        save(root / name)
    return {name: root / name for name in SAVERS}
