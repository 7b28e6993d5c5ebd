"""Tiny random models of each family from inline configs, and their inputs by hand; text-only part.

Where the layers and the norm are is written down here a second time, by hand: the tests hold
what the product finds against it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor
from transformers import (
    BambaConfig,
    BambaForCausalLM,
    Gemma2Config,
    Gemma2ForCausalLM,
    Gemma4ForCausalLM,
    Gemma4TextConfig,
    GemmaConfig,
    GemmaForCausalLM,
    GPT2Config,
    GPT2LMHeadModel,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    GraniteConfig,
    GraniteForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    MambaConfig,
    MambaForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3_5ForCausalLM,
    Qwen3_5TextConfig,
    Qwen3Config,
    Qwen3ForCausalLM,
)

WORDS = 120
IMAGE_ID, START_ID, END_ID, VIDEO_ID = 100, 101, 102, 103
LAYERS = 5
TOKENIZER = SimpleNamespace(eos_token_id=None, all_special_ids=())
PROMPT = [1, 7, 21, 40, 5, 63, 33, 12, 9]

TEXT: dict[str, Any] = {
    "vocab_size": WORDS,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 128,
    "tie_word_embeddings": False,
    "bos_token_id": 1,
    "eos_token_id": None,
    "pad_token_id": 0,
}
# Every second layer looks back 4 positions only, fewer than any prompt here.
SLIDING: dict[str, Any] = {
    "sliding_window": 4,
    "layer_types": ["sliding_attention", "full_attention"] * 2 + ["sliding_attention"],
}
LINEAR: dict[str, Any] = {
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 4,
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
    "layer_types": [f"{kind}_attention" for kind in ("linear", "linear", "full", "linear", "full")],
}


# Layers 3 and 4 read the keys of 0 and 2, the last of their own kind before them.
SHARING: dict[str, Any] = SLIDING | {
    "num_kv_shared_layers": 2,
    "layer_types": [f"{kind}_attention" for kind in ("sliding", "full", "full", "sliding", "full")],
    "hidden_size_per_layer_input": 8,
    "vocab_size_per_layer_input": WORDS,
    "global_head_dim": 8,
}
STATES: dict[str, Any] = {
    "mamba_n_heads": 8,
    "mamba_d_head": 8,
    "mamba_d_state": 8,
    "mamba_n_groups": 1,
    "attn_layer_indices": [1, 3],
}


@dataclass(frozen=True)
class Family:
    """How to build one family's model, and where its parts are (dotted paths)."""

    name: str
    build: Callable[[], Any]
    decoder: str = "model.language_model"
    image: Callable[[], dict[str, Tensor]] | None = None
    layers: str = "layers"
    norm: str = "norm"
    tail: str = "none"
    alone: str = ""
    """Path of the module that answers text without an image, where the whole model cannot."""
    skips: tuple[tuple[int, ...], ...] = ((0,), (0, 1, 3), (LAYERS - 1,))

    def make(self) -> Any:
        """Random weights; norms and gates too, so that nothing is the identity by chance."""
        torch.manual_seed(5)
        model = self.build().eval()
        for name, weight in model.named_parameters():
            spread = 0.25 if weight.ndim > 1 else 0.1
            weight.data += spread * torch.randn_like(weight)
            if "gate" in name and weight.numel() == 1:
                weight.data += 1.0
        # Never emitted: an answer with a placeholder in it would ask for another picture.
        model.get_output_embeddings().weight.data[IMAGE_ID : VIDEO_ID + 1] = 0.0
        return model

    def inputs(self, with_image: bool) -> dict[str, Tensor]:
        """Model tensors of one prompt."""
        tensors = self.image() if with_image and self.image else {"input_ids": ids(PROMPT)}
        return tensors | {"attention_mask": torch.ones_like(tensors["input_ids"])}


def ids(numbers: list[int]) -> Tensor:
    """(1, n) int64."""
    return torch.tensor([numbers])


def pixels(*shape: int) -> Tensor:
    """Seeded noise."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(3))


def prompt_with(places: int, *, framed: bool = False) -> list[int]:
    """Prompt ids with `places` image positions after the first token."""
    run = [IMAGE_ID] * places
    return [*PROMPT[:1], *([START_ID, *run, END_ID] if framed else run), *PROMPT[1:]]


def text(config: type, **more: Any) -> Any:
    """A tiny text config of the given class."""
    return config(**TEXT | more)


TEXT_ONLY = (
    Family("llama", lambda: LlamaForCausalLM(text(LlamaConfig)), "model"),
    Family("qwen2", lambda: Qwen2ForCausalLM(text(Qwen2Config)), "model"),
    Family("qwen3", lambda: Qwen3ForCausalLM(text(Qwen3Config)), "model"),
    Family("gemma", lambda: GemmaForCausalLM(text(GemmaConfig)), "model"),
    Family(
        "gemma2",
        lambda: Gemma2ForCausalLM(text(Gemma2Config, final_logit_softcapping=3.0, **SLIDING)),
        "model",
        tail="soft-cap 3",
        skips=((0,), (0, 2, 4), (1, 3), (0, 1, 2)),
    ),
    Family(
        "granite",
        lambda: GraniteForCausalLM(text(GraniteConfig, logits_scaling=8.0)),
        "model",
        tail="scale 0.125",
    ),
    Family(
        "gpt_neox",
        lambda: GPTNeoXForCausalLM(
            GPTNeoXConfig(
                **{k: v for k, v in TEXT.items() if k not in ("num_key_value_heads", "head_dim")}
            )
        ),
        "gpt_neox",
        norm="final_layer_norm",
    ),
    Family(
        "gpt2",
        lambda: GPT2LMHeadModel(
            GPT2Config(
                vocab_size=WORDS,
                n_embd=32,
                n_layer=LAYERS,
                n_head=4,
                n_positions=64,
                eos_token_id=None,
            )
        ),
        "transformer",
        layers="h",
        norm="ln_f",
    ),
    # Linear attention but for layers 2 and 4: its cache keeps states that have no length.
    Family(
        "qwen3_5",
        lambda: Qwen3_5ForCausalLM(text(Qwen3_5TextConfig, **LINEAR)),
        "model",
        skips=((0,), (0, 1, 3), (2, 4)),
    ),
    # Layers that share keys and values can be skipped together only.
    Family(
        "gemma4",
        lambda: Gemma4ForCausalLM(text(Gemma4TextConfig, **SHARING)),
        "model",
        skips=((1,), (3,), (0, 3), (2, 4), (1, 3, 4)),
    ),
    # State space: no keys and values at all, and in every second layer (which return a pair).
    Family(
        "mamba",
        lambda: MambaForCausalLM(text(MambaConfig, state_size=8)),
        "backbone",
        norm="norm_f",
    ),
    Family(
        "bamba",
        lambda: BambaForCausalLM(text(BambaConfig, **STATES)),
        "model",
        norm="final_layernorm",
        skips=((0,), (0, 1, 3), (1, 3), (LAYERS - 1,)),
    ),
)
