"""FADE (Guo et al., arXiv 2606.29431): the MLP outputs of some layers, damped.

The MLPs of the layers that bring in the language prior add only `factor` of their outputs, at
every position, prompt and answer alike. The states that are captured are the damped model's.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from fretboard.model.anatomy import Anatomy
from fretboard.model.hooks import mlp_end, removing
from fretboard.model.repairs.plain import Plain


@dataclass(frozen=True)
class Fade(Plain):
    """layers: whose MLPs are damped; factor: 1 leaves them as they are."""

    anatomy: Anatomy
    layers: tuple[int, ...]
    factor: float

    @contextmanager
    def hooked(self) -> Iterator[None]:
        """Inside, the layers' MLPs are damped. Raises InputError where one is not found."""
        ends = [mlp_end(self.anatomy.layers[index], index) for index in self.layers]
        with removing() as handles:
            for end in ends:
                handles.append(end.register_forward_hook(_damping(self.factor)))
            yield


def _damping(factor: float) -> Callable[..., Any]:
    def hook(_part: nn.Module, _args: Any, output: Any) -> Any:
        if isinstance(output, Tensor):
            return output * factor
        return (output[0] * factor, *output[1:])  # mixtures of experts tell their routing too

    return hook
