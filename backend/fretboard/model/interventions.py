"""Temporary edits of a model: context managers that put everything back in `finally`."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache

from fretboard.core.errors import InputError
from fretboard.core.question import SkipWhen
from fretboard.model.anatomy import Anatomy, hidden_of
from fretboard.model.hooks import forwards_replaced


def check_skippable(model: Any, chosen: Iterable[int]) -> None:
    """Raises InputError where the architecture cannot do without a chosen layer, and says why."""
    skipped = frozenset(chosen)
    if skipped and not _takes_a_cache(model):
        raise InputError(
            f"No layer of this model can be skipped: {type(model).__name__} keeps its past in a "
            "form of its own, which all its layers have to write."
        )
    needed = {layer: readers - skipped for layer, readers in shared_keys(model.config).items()}
    for layer in sorted(skipped & needed.keys()):
        if needed[layer]:
            raise InputError(
                f"Layer {layer} of this model can only be skipped together with "
                f"{listed(needed[layer])}: those keep no keys and values and read layer {layer}'s."
            )


def shared_keys(config: Any) -> Mapping[int, frozenset[int]]:
    """Layer → the later layers that read its keys and values (Gemma 4); {} where none do.

    A reader takes the last keys stored before it by a layer of its own kind, unless the config
    lists the sources.
    """
    text_config = config.get_text_config(decoder=True)
    modes = getattr(text_config, "kv_sharing_modes", None) or []
    kinds = getattr(text_config, "layer_types", None) or [""] * len(modes)
    sources = getattr(text_config, "kv_source_layers", None)
    latest: dict[str, int] = {}
    readers: dict[int, set[int]] = {}
    for layer, mode in enumerate(modes):
        if mode == "store":
            latest[kinds[layer]] = layer
        elif mode is not None:
            source = sources[layer] if sources else latest[kinds[layer]]
            readers.setdefault(source, set()).add(layer)
    return {layer: frozenset(layers) for layer, layers in readers.items()}


def listed(layers: Iterable[int]) -> str:
    """`layers 4, 7`, in order."""
    numbers = [str(layer) for layer in sorted(set(layers))]
    return f"layer{'s' * (len(numbers) > 1)} {', '.join(numbers)}"


def skipping_cache(model: Any, anatomy: Anatomy, skipped: Iterable[int]) -> dict[str, Any]:
    """The argument for `generate` that holds the cache; state-space models name it their way.

    None where the model decodes without: each forward would append the whole past again.
    """
    if model.generation_config.use_cache is False:
        return {}
    text_config = model.config.get_text_config(decoder=True)
    cache = SkippingCache(anatomy, skipped, text_config)
    parameters = inspect.signature(type(model).forward).parameters
    return {"cache_params" if "cache_params" in parameters else "past_key_values": cache}


@contextmanager
def skip_layers(
    anatomy: Anatomy, chosen: Iterable[int], when: SkipWhen = SkipWhen.ALWAYS
) -> Iterator[None]:
    """Inside: each chosen decoder layer's output is its input, and it stores no keys or values.

    With `SkipWhen.DECODE` this holds for the positions after those of the first forward, the
    prompt's. Module patches are global: the caller lets one generation at a time use a model.
    """
    layers = [anatomy.layers[index] for index in sorted(set(chosen))]

    def skipping(forward: Callable[..., Any]) -> Callable[..., Any]:
        if when is SkipWhen.DECODE:
            return _DecodeSkip(anatomy.returned, forward)
        return partial(_identity, anatomy.returned)

    with forwards_replaced(layers, skipping):
        yield


def _identity(
    returned: int | None, hidden_states: Tensor, *_args: Any, **_kwargs: Any
) -> Tensor | tuple[Tensor | None, ...]:
    """The input, in a tuple of `returned` where the family's layers return one."""
    return hidden_states if returned is None else (hidden_states, *[None] * (returned - 1))


class _DecodeSkip:
    """A layer's forward that runs at the first call's positions and is the identity after them.

    With a cache each later call brings the new position alone. Without one it brings all again:
    the layer runs, and the positions after the prompt keep their input.
    """

    def __init__(self, returned: int | None, forward: Callable[..., Any]) -> None:
        self._returned, self._forward = returned, forward
        self._prompt: int | None = None

    def __call__(self, hidden_states: Tensor, *args: Any, **kwargs: Any) -> Any:
        if self._prompt is None:
            self._prompt = hidden_states.shape[1]
            return self._forward(hidden_states, *args, **kwargs)
        if hidden_states.shape[1] <= self._prompt:
            return _identity(self._returned, hidden_states)
        ran = hidden_of(self._forward(hidden_states, *args, **kwargs))
        return _identity(
            self._returned, torch.cat([ran[:, : self._prompt], hidden_states[:, self._prompt :]], 1)
        )


def _takes_a_cache(model: Any) -> bool:
    """Whether `generate` can be given transformers' own cache (RWKV, xLSTM, MiniMax-01: no)."""
    takes = getattr(model, "_supports_default_dynamic_cache", None)
    return takes is None or bool(takes())


class SkippingCache(DynamicCache):
    """A cache whose length is read off a layer that runs and keeps the text's past.

    transformers asks layer 0 (or the first of a kind) how long the past is; a skipped layer
    has stored nothing and would answer 0, a cross-attention layer would count the image.
    """

    def __init__(self, anatomy: Anatomy, skipped: Iterable[int], config: Any) -> None:
        super().__init__(config=config)
        self._silent = frozenset(skipped) | anatomy.cross_attention

    def get_seq_length(self, layer_idx: int = 0) -> int:
        """Positions stored so far."""
        return int(super().get_seq_length(self._telling(layer_idx)))

    def get_mask_sizes(self, query_length: int, layer_idx: int) -> tuple[int, int]:
        """Key length and offset of the attention mask."""
        length, offset = super().get_mask_sizes(query_length, self._telling(layer_idx))
        return int(length), int(offset)

    def _telling(self, layer_idx: int) -> int:
        """The first layer of the same kind (sliding or full) as `layer_idx` that can tell."""
        kinds = self.is_sliding
        telling = [
            index
            for index, layer in enumerate(self.layers)
            if index not in self._silent and hasattr(layer, "get_seq_length")
        ]
        if layer_idx in telling or layer_idx >= len(kinds):
            return layer_idx
        alike = [index for index in telling if kinds[index] == kinds[layer_idx]]
        return (alike or telling or [layer_idx])[0]
