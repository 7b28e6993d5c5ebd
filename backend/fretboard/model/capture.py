"""The residual stream of one forward pass, taken with hooks on the decoder layers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from fretboard.model.anatomy import Anatomy, hidden_of
from fretboard.model.hooks import entering_of, removing


class Capture:
    """The residual stream of the running forward, depth by depth, at the last position of each row.

    Depth d < L is what enters layer d (some families add features between layers); depth L is
    what leaves the last layer that ran. A layer that was not called leaves the stream unchanged.
    """

    def __init__(self, anatomy: Anatomy, at: Tensor | None = None) -> None:
        """`at`: instead, indices (n,) of positions of the first row."""
        self._layers = anatomy.layers
        self._at = at
        self._entering: list[Tensor | None] = [None] * len(anatomy.layers)
        self._leaving: Tensor | None = None

    @contextmanager
    def hooked(self) -> Iterator[None]:
        """Inside, every forward is captured."""
        with removing() as handles:
            for index, layer in enumerate(self._layers):
                enter = layer.register_forward_pre_hook(self._enter(index), with_kwargs=True)
                handles += [enter, layer.register_forward_hook(self._leave)]
            yield

    def _enter(self, index: int) -> Callable[..., None]:
        def hook(_layer: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            self._entering[index] = self._chosen(entering_of(args, kwargs))

        return hook

    def _leave(self, _layer: nn.Module, _args: tuple[Any, ...], output: Any) -> None:
        self._leaving = self._chosen(hidden_of(output))

    def _chosen(self, hidden: Tensor) -> Tensor:
        if self._at is not None:
            return hidden[0, self._at.to(hidden.device)]
        return hidden[:, -1].clone()  # a view would keep the whole prompt's activations alive

    def take(self) -> Tensor:
        """(L+1, rows or n, width) of the forward that just ended; ready for the next."""
        assert self._leaving is not None  # a forward has run
        device = self._leaving.device
        states = [self._leaving]
        for entering in reversed(self._entering):
            states.append(states[-1] if entering is None else entering.to(device))
        self.forget()
        return torch.stack(states[::-1])

    def forget(self) -> None:
        """Drop what has been captured: ready for the next forward."""
        self._entering = [None] * len(self._layers)
