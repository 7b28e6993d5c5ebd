"""Temporary hooks on decoder layers: read states, put others in, hide the image from the text."""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from fretboard.core.errors import UnsupportedModel
from fretboard.model.anatomy import Anatomy
from fretboard.model.hooks import Call, change_states, entering_of, removing, stream_watched


@contextmanager
def states_kept(anatomy: Anatomy) -> Iterator[dict[int, Tensor]]:
    """Inside, a run fills depth → (positions, width): what enters each layer, and depth L."""
    kept: dict[int, Tensor] = {}

    def keep(depth: int, hidden: Tensor) -> None:
        kept[depth] = hidden[0]

    last = len(anatomy.layers)
    with stream_watched(anatomy, keep, lambda _index, hidden: keep(last, hidden)):
        yield kept


@contextmanager
def states_put(anatomy: Anatomy, depth: int, at: Tensor, states: Tensor) -> Iterator[None]:
    """Inside, the residual stream at `depth` is `states` (n, width) at the positions `at` (n,)."""

    def put(hidden: Tensor) -> Tensor:
        changed = hidden.clone()
        changed[0, at.to(hidden.device)] = states.to(hidden)
        return changed

    with removing() as handles:
        handles.append(change_states(anatomy, depth, put))
        yield


@contextmanager
def image_hidden(model: Any, anatomy: Anatomy, depth: int, image: Tensor) -> Iterator[None]:
    """Inside, layers `depth`… let no position but the image's own attend to the image positions.

    Raises UnsupportedModel where a layer's attention is not set by a 4-D mask.
    """
    implementation = check_maskable(model)

    def cut(layer: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        hidden = entering_of(args, kwargs)
        place = _mask_place(layer, args, kwargs)
        mask = kwargs.get("attention_mask") if place is None else args[place]
        blind = _without_image(mask, hidden, image.to(hidden.device), implementation)
        if place is None:
            return args, kwargs | {"attention_mask": blind}
        return (*args[:place], blind, *args[place + 1 :]), kwargs

    with removing() as handles:
        for layer in anatomy.layers[depth:]:
            handles.append(layer.register_forward_pre_hook(cut, with_kwargs=True))
        yield


def check_maskable(model: Any) -> str:
    """The attention implementation. Raises UnsupportedModel unless masks rule all attention."""
    config = model.config.get_text_config(decoder=True)
    implementation = str(config._attn_implementation)
    kinds = set(getattr(config, "layer_types", None) or ())
    unruled = {kind for kind in kinds if kind not in ("full_attention", "sliding_attention")}
    if implementation not in ("eager", "sdpa") or unruled:
        raise UnsupportedModel(
            "Attention to the image can be cut where a 4-D mask rules it (eager or sdpa, full or "
            f"sliding attention); {type(model).__name__} uses "
            f"{', '.join([implementation, *sorted(unruled)])}."
        )
    return implementation


def _mask_place(layer: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> int | None:
    """Index in `args` of the attention mask; None where it is (or may be) a keyword."""
    if "attention_mask" in kwargs:
        return None
    names = list(inspect.signature(layer.forward).parameters)
    if "attention_mask" not in names:
        raise UnsupportedModel(
            f"{type(layer).__name__} takes no attention_mask, so the image cannot be hidden in it."
        )
    place = names.index("attention_mask")
    return place if place < len(args) else None


def _without_image(
    mask: Tensor | None, hidden: Tensor, image: Tensor, implementation: str
) -> Tensor:
    """A mask like `mask` (None: plain causal), the image's columns closed to all other rows."""
    length = hidden.shape[1]
    if mask is None:
        mask = _causal(length, hidden, implementation)
    if mask.ndim != 4 or mask.shape[-2:] != (length, length):
        raise UnsupportedModel(
            f"A layer was given an attention mask of shape {tuple(mask.shape)}; expected "
            f"(1, 1 or heads, {length}, {length}) to hide the image in."
        )
    closed = torch.zeros(length, length, dtype=torch.bool, device=mask.device)
    closed[:, image] = True
    closed[image] = False
    shut = False if mask.dtype == torch.bool else torch.finfo(mask.dtype).min
    return mask.masked_fill(closed, shut)


def _causal(length: int, hidden: Tensor, implementation: str) -> Tensor:
    """(1, 1, n, n): True where a row may look (sdpa), or 0 and the lowest number (eager)."""
    allowed = torch.ones(length, length, dtype=torch.bool, device=hidden.device).tril()[None, None]
    if implementation == "sdpa":
        return allowed
    lowest = torch.finfo(hidden.dtype).min
    return torch.zeros_like(allowed, dtype=hidden.dtype).masked_fill(~allowed, lowest)
