"""Where transformers' classes keep decoder layers, final norm and unembedding: found by name.

Adding a family begins here; `model/anatomy` verifies what was found.
"""

from collections.abc import Iterator
from typing import Any

from torch import nn

from fretboard.core.errors import UnsupportedModel

# The text decoder, outermost first.
INNER_NAMES = ("language_model", "text_model", "model", "decoder", "transformer", "gpt_neox")
LAYER_NAMES = ("layers", "h", "blocks")
NORM_NAMES = ("norm", "final_layer_norm", "final_layernorm", "ln_f", "final_norm", "norm_f")


def find_parts(model: Any) -> tuple[tuple[nn.Module, ...], nn.Module, nn.Module]:
    """(decoder layers, final norm, unembedding) by name, not verified. Raises UnsupportedModel."""
    decoder = _decoder(model)
    return tuple(_layer_list(decoder) or ()), _final_norm(decoder), _unembedding(model)


def _has(module: Any, method: str) -> bool:
    return callable(getattr(module, method, None))


def _decoder(model: Any) -> nn.Module:
    """Unwrap `get_decoder()` (or well-known attributes) until a module owns a list of layers."""
    if getattr(getattr(model, "config", None), "is_encoder_decoder", False):
        raise UnsupportedModel(
            f"{type(model).__name__} is an encoder-decoder; looked for a decoder-only language "
            "model, whose prompt and answer are one sequence."
        )
    module = model.get_decoder() if _has(model, "get_decoder") else model
    for start in (module, model):
        for part in _unwrapped(start):
            if _layer_list(part) is not None:
                return part
    raise UnsupportedModel(
        f"{type(model).__name__} has no decoder that could be found: looked for get_decoder() and "
        f"{', '.join(INNER_NAMES)}, holding a ModuleList named {' or '.join(LAYER_NAMES)}."
    )


def _unwrapped(start: nn.Module | None) -> Iterator[nn.Module]:
    while start is not None:
        yield start
        inner = (getattr(start, name, None) for name in INNER_NAMES)
        start = next((part for part in inner if isinstance(part, nn.Module)), None)


def _layer_list(decoder: nn.Module) -> nn.ModuleList | None:
    """The one with a well-known name, else the only ModuleList there is."""
    parts = (getattr(decoder, name, None) for name in LAYER_NAMES)
    named = [part for part in parts if isinstance(part, nn.ModuleList) and len(part)]
    lists = [part for part in decoder.children() if isinstance(part, nn.ModuleList) and len(part)]
    return named[0] if named else lists[0] if len(lists) == 1 else None


def _final_norm(decoder: nn.Module) -> nn.Module:
    """The one with a well-known name, else the last part whose class is a norm."""
    for name in NORM_NAMES:
        part = getattr(decoder, name, None)
        if isinstance(part, nn.Module):
            return part
    norms = [part for part in decoder.children() if "norm" in type(part).__name__.lower()]
    if norms:
        return norms[-1]
    raise UnsupportedModel(
        f"{type(decoder).__name__} has no final norm: looked for {', '.join(NORM_NAMES)}, or a "
        "part whose class is called a norm."
    )


def _unembedding(model: Any) -> nn.Module:
    head = model.get_output_embeddings() if _has(model, "get_output_embeddings") else None
    if isinstance(head, nn.Module):
        return head
    raise UnsupportedModel(
        f"{type(model).__name__} has no language-model head to read hidden states with: looked "
        "for get_output_embeddings()."
    )
