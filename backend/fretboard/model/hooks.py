"""Hooks on parts of decoder layers: put on and surely taken off, and what they find there."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from fretboard.core.errors import InputError

ATTENTION_NAMES = ("self_attn", "attn", "attention", "self_attention", "linear_attn")
MLP_NAMES = ("mlp", "feed_forward", "block_sparse_moe", "ffn")
# A norm behind the MLP would undo a factor before it.
MLP_NORM_NAMES = ("post_feedforward_layernorm", "post_mlp_layernorm")


@contextmanager
def removing() -> Iterator[list[RemovableHandle]]:
    """A list of handles, all removed at the end, also after an error."""
    handles: list[RemovableHandle] = []
    try:
        yield handles
    finally:
        for handle in handles:
            handle.remove()


def entering_of(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
    """The hidden states a layer was called with, (rows, positions, width)."""
    hidden: Tensor = args[0] if args else kwargs["hidden_states"]
    return hidden


def mlp_end(layer: nn.Module, index: int) -> nn.Module:
    """The part whose output is what the layer's MLP adds to the stream. Raises InputError."""
    parts = dict(layer.named_children())
    for name in (*MLP_NORM_NAMES, *MLP_NAMES):
        if name in parts:
            return parts[name]
    raise InputError(
        f"Layer {index} ({type(layer).__name__}) has no part named {' or '.join(MLP_NAMES)}, so "
        "its MLP cannot be damped. Choose other layers or another repair."
    )
