"""Hidden states changed while a model answers: at chosen depths, at chosen positions."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor

from fretboard.core.errors import InputError
from fretboard.core.steer import SteerAt
from fretboard.model.anatomy import Anatomy
from fretboard.model.hooks import change_states, removing

Change = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class StateChanges:
    """depth → what (…, width) states become there; where, and for which of the answer's tokens."""

    by_depth: Mapping[int, Change]
    at: SteerAt = SteerAt.ANSWER
    tokens: frozenset[int] = frozenset()
    """Empty: all."""

    def predicts(self, token: int) -> bool:
        """Whether the position that predicts the answer's `token` is changed."""
        if self.at in (SteerAt.PROMPT, SteerAt.IMAGE):
            return False
        return not self.tokens or token in self.tokens


@contextmanager
def steered(
    anatomy: Anatomy, changes: StateChanges | None, tensors: Mapping[str, Tensor]
) -> Iterator[None]:
    """Inside, states are changed as asked in every forward that begins with the prompts `tensors`.

    Raises InputError where a prompt has no position to change.
    """
    with removing() as handles:
        if changes is not None:
            prompt = _of_prompt(anatomy, changes, tensors).cpu()
            for depth, change in changes.by_depth.items():
                place = _running(anatomy, depth, tensors)
                handles.append(change_states(anatomy, place, _Steered(changes, change, prompt)))
        yield


def _running(anatomy: Anatomy, depth: int, tensors: Mapping[str, Tensor]) -> int:
    """Where the depth's state enters a layer that runs: those that read an image alone may not."""
    while depth in anatomy.cross_attention and "pixel_values" not in tensors:
        depth += 1
    return depth


@dataclass
class _Steered:
    """One depth's change. prompt: (rows, positions), True where the prompt's states are changed.

    With a cache each call after the first brings the new position alone. Without one it brings all
    positions again, and so does a repair that asks the model besides.
    """

    changes: StateChanges
    change: Change
    prompt: Tensor
    _calls: int = field(default=0, init=False)
    """Those that brought new positions alone, and the first."""

    def __call__(self, hidden: Tensor) -> Tensor:
        chosen = self._chosen(hidden.shape[1])
        places = chosen.any(0).nonzero().flatten().tolist()
        if not places:
            return hidden
        span = slice(places[0], places[-1] + 1)  # of a long prompt perhaps the last alone
        part, where = hidden[:, span], chosen[:, span, None].to(hidden.device)
        changed = hidden.clone()
        changed[:, span] = torch.where(where, self.change(part).to(part), part)
        return changed

    def _chosen(self, positions: int) -> Tensor:
        """(rows, positions) of this call."""
        length = self.prompt.shape[1]
        whole = self._calls == 0 or positions >= max(length, 2)
        if whole:
            self._calls = max(self._calls, 1)
            return torch.cat([self.prompt, self._answer(1, positions - length)], 1)
        self._calls += 1
        return self._answer(self._calls - 1, positions)

    def _answer(self, token: int, count: int) -> Tensor:
        flags = [self.changes.predicts(token + step) for step in range(count)]
        return torch.tensor(flags, dtype=torch.bool).expand(len(self.prompt), -1)


def _of_prompt(anatomy: Anatomy, changes: StateChanges, tensors: Mapping[str, Tensor]) -> Tensor:
    """(rows, positions) whether a position of the prompt is changed; padding is on the left."""
    ids = tensors["input_ids"]
    if changes.at is SteerAt.IMAGE:
        chosen = ids == (-1 if anatomy.image_token_id is None else anatomy.image_token_id)
        if anatomy.cross_attention or not bool(chosen.any()):
            raise InputError(
                "No position of the prompt holds the image: it was asked without one, or the model "
                "takes images in by cross-attention. Steer at the answer instead."
            )
        return chosen
    if changes.at is SteerAt.ANSWER:
        chosen = torch.zeros_like(ids, dtype=torch.bool)
        chosen[:, -1] = changes.predicts(0)
        return chosen
    mask = tensors.get("attention_mask")
    return torch.ones_like(ids, dtype=torch.bool) if mask is None else mask.bool()
