"""transformers' config classes at their published defaults, scaled down: layers, width, vocabulary.

Everything else stays: the size of a head, positions, experts, windows, norms, caps, picture size.
"""

import inspect
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from transformers import PreTrainedConfig
from transformers.integrations.heterogeneity.configuration_utils import (
    AmbiguousGlobalPerLayerAttributeError,
)
from transformers.models.auto.image_processing_auto import IMAGE_PROCESSOR_MAPPING

from fretboard.model.anatomy import IMAGE_ID_NAMES

LAYERS = (
    "num_hidden_layers", "n_layer", "n_layers", "num_layers", "decoder_layers", "encoder_layers",
    "num_decoder_layers", "num_encoder_layers", "depth",
)  # fmt: skip
PER_LAYER = (
    "layer_types", "layers_block_type", "mlp_layer_types", "block_types", "attention_types",
    "attention_layers", "no_rope_layers", "kv_sharing_modes", "hybrid_override_pattern",
)  # fmt: skip
INDEXES = (
    "cross_attention_layers", "attn_layer_indices", "full_attn_idxs", "deepstack_visual_indexes",
    "hybrid_layer_ids", "slstm_at", "fullatt_block_indexes", "vision_feature_layer",
    "out_indices", "moe_layers", "block_indices",
)  # fmt: skip
HEADS = ("num_attention_heads", "n_head", "n_heads", "num_heads", "encoder_attention_heads",
         "decoder_attention_heads")  # fmt: skip
KEY_HEADS = ("num_key_value_heads", "n_head_kv", "num_kv_heads", "attention_kv_heads")
WIDTHS = ("hidden_size", "n_embd", "d_model", "embed_dim", "dim")
INNER = ("intermediate_size", "n_inner", "ffn_dim", "mlp_dim", "encoder_ffn_dim",
         "decoder_ffn_dim", "moe_intermediate_size", "shared_expert_intermediate_size",
         "shared_intermediate_size",
         "expert_ffn_hidden_size", "ffn_hidden_size", "d_ff")  # fmt: skip
VOCABULARIES = ("vocab_size", "vocab_size_per_layer_input", "n_vocab")
# Of families whose heads are tied to more than their size.
HEADS_OF = {"codegen": 4, "mamba2": 16}
WIDTH_OF = {"mamba2": 512}
# What a vision part hands on is as wide as the text's stream.
TEXT_WIDTHS = {"": ("out_hidden_size", "projection_dim"), "qwen2_vl_vision": ("hidden_size",)}
WORDS = 320
PLAIN = 256
"""Ids below are words; from here on up to WORDS those that a config gives a role."""


def parts(config: PreTrainedConfig) -> Iterator[PreTrainedConfig]:
    """The config and all inside."""
    yield config
    for part in list(vars(config).values()):
        if isinstance(part, PreTrainedConfig):
            yield from parts(part)


def scaled(config: PreTrainedConfig, layers: int = 6, eye_layers: int = 2) -> PreTrainedConfig:
    """`config` with few layers, narrow, of few words; its ids that have a role among them."""
    text = config.get_text_config(decoder=True)
    widths: dict[int, int] = {}
    for part in parts(config):
        _fewer_layers(part, layers if part is text else eye_layers)
        widths |= _narrower(part)
    roles: dict[int, int] = {}
    for part in parts(config):
        _same_widths(part, widths)
        for name in TEXT_WIDTHS.get(part.model_type, TEXT_WIDTHS[""]) if part is not text else ():
            if _number(part, name):
                _set(part, name, text.hidden_size)
        _fewer_words(part, roles)
    return config


def _first(part: PreTrainedConfig, names: tuple[str, ...]) -> str | None:
    return next((name for name in names if _number(part, name)), None)


def _number(part: PreTrainedConfig, name: str) -> int | None:
    with suppress(AmbiguousGlobalPerLayerAttributeError):
        value = getattr(part, name, None)
        return value if type(value) is int else None
    return None


def _set(part: PreTrainedConfig, name: str, value: Any) -> None:
    with suppress(NotImplementedError, AttributeError):  # follows from another
        setattr(part, name, value)


def _fewer_layers(part: PreTrainedConfig, kept: int) -> None:
    for name in LAYERS:
        count = getattr(part, name, None)
        if isinstance(count, int) and count > kept:
            _set(part, name, kept)
    for name in PER_LAYER:
        value = getattr(part, name, None)
        if isinstance(value, list | str) and len(value) > kept:
            _set(part, name, value[:kept])
    for name in INDEXES:
        value = getattr(part, name, None)
        if isinstance(value, list | tuple):
            inside = [index for index in value if -kept <= index < kept]
            _set(part, name, inside or [min(index, kept - 1) for index in value])
    if isinstance(dense := getattr(part, "first_k_dense_replace", None), int):
        _set(part, "first_k_dense_replace", min(dense, 1))


def _narrower(part: PreTrainedConfig) -> dict[int, int]:
    """Two heads of the size they have (or one for each that shares keys); old width → new."""
    width, heads = _first(part, WIDTHS), _first(part, HEADS)
    if width is None:
        return {}
    old = getattr(part, width)
    new = 64
    if heads is not None:
        many, keys = getattr(part, heads), _first(part, KEY_HEADS)
        pairs = min(2, getattr(part, keys)) if keys else 2
        few = pairs * min(2, many // getattr(part, keys)) if keys else 2
        few = HEADS_OF.get(part.model_type, few)
        size = _number(part, "head_dim")
        new = few * (old // many) if size is None or size * many == old else 64
        for name in (name for name in HEADS if _number(part, name)):
            _set(part, name, few)
        if keys:
            _set(part, keys, pairs)
    new = WIDTH_OF.get(part.model_type, new)
    _set(part, width, new)
    if isinstance(state := getattr(part, "mamba_d_head", None), int):
        _set(part, "mamba_n_heads", part.mamba_expand * new // state)
    for name in INNER:
        if _number(part, name) is not None:
            _set(part, name, 2 * new)
    return {old: new}


def _same_widths(part: PreTrainedConfig, widths: dict[int, int]) -> None:
    """What names another part's width."""
    named = re.compile("hidden|dim|width|d_model|projection")
    for name, value in list(vars(part).items()):
        if name in WIDTHS or "head" in name or not named.search(name):
            continue
        if type(value) is int and value in widths:
            _set(part, name, widths[value])


def _fewer_words(part: PreTrainedConfig, roles: dict[int, int]) -> None:
    def role(number: int) -> int:
        return number if number < PLAIN else roles.setdefault(number, PLAIN + len(roles))

    for name in VOCABULARIES:
        if _number(part, name) is not None:
            _set(part, name, WORDS)
    for name, value in list(vars(part).items()):
        if "token_id" not in name and "token_index" not in name:
            continue
        if type(value) is int:
            _set(part, name, role(value))
        elif isinstance(value, list) and all(type(number) is int for number in value):
            _set(part, name, [role(number) for number in value])


SEEDS = (1, 2)
"""Of two pictures."""


def noise(seed: int, size: tuple[int, int] = (96, 64)) -> Image.Image:
    """Seeded blocks of colour."""
    drawn = np.random.default_rng(seed)
    blocks = drawn.integers(0, 256, (size[1] // 8, size[0] // 8, 3), np.uint8)
    return Image.fromarray(blocks).resize(size, Image.Resampling.NEAREST)


def pictured(model: Any, kind: type[PreTrainedConfig], picture: Image.Image) -> dict[str, Tensor]:
    """The tensors of a prompt with as many image positions as the picture has features.

    The picture goes through the image processor that transformers has for the family, at its
    defaults, but of the size that the config names.
    """
    takes = inspect.signature(type(model).forward).parameters
    made = processor_of(kind, model.config)(images=picture, return_tensors="pt")
    seen = {name: made[name] for name in made if name in takes}
    image_id = next(i for n in IMAGE_ID_NAMES if (i := getattr(model.config, n, None)) is not None)
    start = getattr(model.config, "vision_start_token_id", None)
    ids = [
        1,
        *([start] if start is not None else []),
        *[image_id] * _features(model, seen),
        7,
        21,
        40,
        5,
        63,
    ]
    tensors = seen | {"input_ids": torch.tensor([ids])}
    tensors["attention_mask"] = torch.ones_like(tensors["input_ids"])
    for name in ("token_type_ids", "mm_token_type_ids"):
        if name in takes and model.config.model_type != "paligemma":
            tensors[name] = (tensors["input_ids"] == image_id).long()
        elif name in takes:
            tensors[name] = torch.zeros_like(tensors["input_ids"])
    return tensors


def _features(model: Any, seen: dict[str, Tensor]) -> int:
    """How many image positions the picture fills."""
    read = getattr(model, "get_image_features", None) or model.model.get_image_features
    reads = inspect.signature(read).parameters
    with torch.inference_mode():
        found = read(**{name: value for name, value in seen.items() if name in reads})
    features = getattr(found, "pooler_output", None)
    features = found if features is None else features
    width = model.get_input_embeddings().weight.shape[-1]
    return sum(each.numel() // width for each in features)


def processor_of(kind: type[PreTrainedConfig], config: PreTrainedConfig) -> Any:
    """Of pictures, without torchvision, at its defaults; as large as the vision part takes."""
    classes = IMAGE_PROCESSOR_MAPPING[kind]
    made = (classes.get("pil") or classes["torchvision"]) if isinstance(classes, dict) else classes
    eye = getattr(config, "vision_config", None)
    side = getattr(eye, "image_size", None)
    side = side[0] if isinstance(side, list | tuple) else side
    told: dict[str, Any] = {}
    for name in ("size", "crop_size", "max_image_size"):
        if isinstance(side, int) and isinstance(size := getattr(made, name, None), dict):
            told[name] = dict.fromkeys(size, side)
    for name, called in (("patch_size", "patch_size"), ("merge_size", "spatial_merge_size")):
        if hasattr(made, "merge_size") and _number(eye, called):
            told[name] = getattr(eye, called)
    return made(**told)
