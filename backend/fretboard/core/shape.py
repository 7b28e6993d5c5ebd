"""A model's shape from its config alone: what its memory and its longest text depend on.

Families name the same number differently; the names are those of transformers' config classes.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

Config = Mapping[str, Any]
# Where a config of several parts keeps its language model.
TEXT_PARTS = (
    "text_config", "llm_config", "language_config", "thinker_config", "vlm_config",
    "decoder", "decoder_config",
)  # fmt: skip
LAYERS = (
    "num_hidden_layers", "n_layer", "n_layers", "num_layers", "decoder_layers",
    "num_decoder_layers",
)  # fmt: skip
LAYER_KINDS = ("layers_block_type", "layer_types", "layers")
WIDTH = ("hidden_size", "n_embd", "d_model", "embed_dim", "emb_dim", "dim")
HEADS = (
    "num_attention_heads", "n_head", "n_heads", "num_heads", "decoder_attention_heads",
    "attention_heads",
)  # fmt: skip
KEPT_HEADS = ("num_key_value_heads", "num_kv_heads", "n_head_kv")
MLP = (
    "intermediate_size", "n_inner", "ffn_dim", "decoder_ffn_dim", "ffn_hidden_size", "dff", "d_ff",
    "d_inner", "moe_intermediate_size",
)  # fmt: skip
USUAL_MLP = 4  # times the width, where a config leaves it to its class
VOCABULARY = ("vocab_size", "decoder_vocab_size", "n_words")
POSITIONS = ("max_position_embeddings", "n_positions", "max_seq_len", "max_target_positions")


class ModelShape(BaseModel):
    """Of a model, from its config: what its memory depends on; 0 where the config is silent."""

    layers: int = 0
    width: int = 0
    vocabulary: int = 0
    kv_width: int = 0
    """Numbers that one layer keeps of a position for its keys, and as many for its values."""
    mlp_width: int = 0
    image_positions: int = 0
    """Of one image, before the model scales it by its own rules."""
    positions: int = 0
    """Of prompt and answer together, the most that it knows."""
    dtype: str | None = None


def shape_of(config: Config) -> ModelShape:
    """Where a config leaves a number out, 0: the worker knows, the estimate does without."""
    text = text_part(config)
    width, heads = _number(text, WIDTH), _number(text, HEADS) or 1
    kept = _number(text, KEPT_HEADS) or heads
    return ModelShape(
        layers=_number(text, LAYERS) or _count(text, LAYER_KINDS),
        width=width,
        vocabulary=_number(text, VOCABULARY) or _number(config, VOCABULARY),
        kv_width=kept * (_number(text, ("head_dim",)) or width // heads),
        mlp_width=_number(text, MLP) or USUAL_MLP * width,
        image_positions=_number(config, ("image_seq_length",)) or _patches(config),
        positions=_number(text, POSITIONS),
    )


def text_part(config: Config) -> Config:
    """The settings of the language model: a part of the config, or the whole."""
    parts = (config.get(name) for name in TEXT_PARTS)
    inner = next((part for part in parts if isinstance(part, Mapping) and part), None)
    return text_part(inner) if inner is not None else config


def _patches(config: Config) -> int:
    """Patches of a picture of the size that the vision part is made for."""
    eye = config.get("vision_config")
    if not isinstance(eye, Mapping):
        return 0
    pictures, patches = _pair(eye.get("image_size")), _pair(eye.get("patch_size"))
    rows, columns = (
        picture // max(1, patch) for picture, patch in zip(pictures, patches, strict=True)
    )
    return rows * columns


def _pair(value: Any) -> tuple[int, int]:
    """A height and a width, written as one number, as two, or by name; (0, 0) where neither."""
    if isinstance(value, Mapping):
        value = [value.get("height"), value.get("width")]
    values = value if isinstance(value, (list, tuple)) else [value, value]
    known = [_whole(part) for part in values]
    return (known[0], known[-1]) if known else (0, 0)


def _number(config: Config, names: tuple[str, ...]) -> int:
    return next(filter(None, (_whole(config.get(name)) for name in names)), 0)


def _count(config: Config, names: tuple[str, ...]) -> int:
    """Of a list with an entry a layer, or of a number under such a name."""
    values = (config.get(name) for name in names)
    return next((len(v) if isinstance(v, list) else _whole(v) for v in values if v), 0)


def _whole(value: Any) -> int:
    """A number of things; 0 for what is none. Lists (one number a layer) count by their largest."""
    if isinstance(value, (list, tuple)):
        return max(map(_whole, value), default=0)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
