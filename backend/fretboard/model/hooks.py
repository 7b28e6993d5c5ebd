"""Hooks on parts of decoder layers: put on and surely taken off, and what they find there."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from fretboard.core.errors import InputError
from fretboard.model.anatomy import Anatomy, hidden_of

ATTENTION_NAMES = ("self_attn", "attn", "attention", "self_attention", "linear_attn")
MLP_NAMES = ("mlp", "feed_forward", "block_sparse_moe", "ffn")
# A norm behind the MLP would undo a factor before it.
MLP_NORM_NAMES = ("post_feedforward_layernorm", "post_mlp_layernorm")

HIDDEN = "hidden_states"  # as layers call their input
Call = tuple[tuple[Any, ...], dict[str, Any]]


@contextmanager
def removing() -> Iterator[list[RemovableHandle]]:
    """A list of handles, all removed at the end, also after an error."""
    handles: list[RemovableHandle] = []
    try:
        yield handles
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def stream_watched(
    anatomy: Anatomy, enters: Callable[[int, Tensor], None], leaves: Callable[[int, Tensor], None]
) -> Iterator[None]:
    """Inside: both hear of each layer that runs, with its index and (rows, positions, width)."""

    def entering(index: int) -> Callable[..., None]:
        return lambda _layer, args, kwargs: enters(index, entering_of(args, kwargs))

    def leaving(index: int) -> Callable[..., None]:
        return lambda _layer, _args, output: leaves(index, hidden_of(output))

    with removing() as handles:
        for index, layer in enumerate(anatomy.layers):
            handles.append(layer.register_forward_pre_hook(entering(index), with_kwargs=True))
            handles.append(layer.register_forward_hook(leaving(index)))
        yield


def change_states(
    anatomy: Anatomy, depth: int, change: Callable[[Tensor], Tensor]
) -> RemovableHandle:
    """From now on every forward's residual stream (rows, positions, width) at `depth` is changed.

    That is what enters layer `depth`; at depth L what leaves the last layer.
    """

    def enter(_layer: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        return with_entering(args, kwargs, change(entering_of(args, kwargs)))

    def leave(_layer: nn.Module, _args: Any, output: Any) -> Any:
        changed = change(hidden_of(output))
        return (changed, *output[1:]) if isinstance(output, tuple) else changed

    if depth < len(anatomy.layers):
        return anatomy.layers[depth].register_forward_pre_hook(enter, with_kwargs=True)
    return anatomy.layers[-1].register_forward_hook(leave)


def entering_of(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
    """The hidden states a layer was called with, (rows, positions, width)."""
    hidden: Tensor = args[0] if args else kwargs[HIDDEN]
    return hidden


def with_entering(args: tuple[Any, ...], kwargs: dict[str, Any], hidden: Tensor) -> Call:
    """The same call with other hidden states."""
    return ((hidden, *args[1:]), kwargs) if args else (args, kwargs | {HIDDEN: hidden})


@contextmanager
def forwards_replaced(
    layers: Sequence[nn.Module], replace: Callable[[Callable[..., Any]], Callable[..., Any]]
) -> Iterator[None]:
    """Inside, each layer's forward is what `replace` makes of it; all are put back at the end."""
    # A layer placed by accelerate has a forward of its own, which moves inputs and weights.
    own = [layer.__dict__.get("forward") for layer in layers]
    try:
        for layer in layers:
            layer.forward = replace(layer.forward)
        yield
    finally:
        for layer, forward in zip(layers, own, strict=True):
            layer.__dict__.pop("forward", None)
            if forward is not None:
                layer.forward = forward


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
