"""The residual stream of one forward pass, taken with hooks on the decoder layers."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import torch
from torch import Tensor

from fretboard.model.anatomy import Anatomy
from fretboard.model.hooks import stream_watched


def last_position(hidden: Tensor) -> Tensor:
    """(rows, width), copied: a view would keep the whole prompt's activations alive."""
    return hidden[:, -1].clone()


class Capture:
    """The residual stream of the running forward, depth by depth, at what `choose` takes of it.

    Depth d < L is what enters layer d (some families add features between layers); depth L is
    what leaves the last layer that ran. A layer that was not called leaves the stream unchanged.
    """

    def __init__(
        self, anatomy: Anatomy, choose: Callable[[Tensor], Tensor] = last_position
    ) -> None:
        """choose: of (rows, positions, width)."""
        self._anatomy, self._choose = anatomy, choose
        self._entering: list[Tensor | None] = [None] * len(anatomy.layers)
        self._leaving: Tensor | None = None

    def hooked(self) -> AbstractContextManager[None]:
        """Inside, every forward is captured."""
        return stream_watched(self._anatomy, self._enter, self._leave)

    def _enter(self, index: int, hidden: Tensor) -> None:
        self._entering[index] = self._choose(hidden)

    def _leave(self, _index: int, hidden: Tensor) -> None:
        self._leaving = self._choose(hidden)

    def states(self) -> list[Tensor]:
        """By depth 0…L, of the forward that just ended."""
        assert self._leaving is not None  # a forward has run
        states = [self._leaving]
        for entering in reversed(self._entering):
            states.append(states[-1] if entering is None else entering)
        return states[::-1]

    def take(self) -> Tensor:
        """(L+1, rows or n, width) of the forward that just ended; ready for the next."""
        states = self.states()
        self.forget()
        return torch.stack([state.to(states[-1].device) for state in states])

    def forget(self) -> None:
        """Drop what has been captured: ready for the next forward."""
        self._entering = [None] * len(self._entering)
