"""Temporary edits of a model: context managers that put everything back in `finally`."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor
from transformers import DynamicCache

from fretboard.model.anatomy import Anatomy


@contextmanager
def skip_layers(anatomy: Anatomy, chosen: Iterable[int]) -> Iterator[None]:
    """Inside: each chosen decoder layer's output is its input, and it stores no keys or values.

    Module patches are global: the caller lets one generation at a time use a model.
    """
    layers = [anatomy.layers[index] for index in sorted(set(chosen))]
    # A layer placed by accelerate has a forward of its own, which moves inputs and weights.
    own = [layer.__dict__.get("forward") for layer in layers]
    try:
        for layer in layers:
            layer.forward = _tuple_identity if anatomy.returns_tuple else _identity
        yield
    finally:
        for layer, forward in zip(layers, own, strict=True):
            layer.__dict__.pop("forward", None)
            if forward is not None:
                layer.forward = forward


def _identity(hidden_states: Tensor, *_args: Any, **_kwargs: Any) -> Tensor:
    return hidden_states


def _tuple_identity(hidden_states: Tensor, *_args: Any, **_kwargs: Any) -> tuple[Tensor]:
    return (hidden_states,)


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
