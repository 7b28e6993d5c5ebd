"""Where a rival led and lost late, decode without the layers that overturned it.

Ours, after skip.2 of arXiv 2504.02862, which leaves the mutation layers out everywhere. Here a
position is looked at first: only where its states show a reversal are the layers between the
rival's last lead and the winner's lasting one left out, at that position alone. All positions
before went through every layer, and so does this one for those that follow. Without a cache of its
own that is one more pass over prompt and answer, which the plain positions do not pay.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from fretboard.model.anatomy import hidden_of, runner
from fretboard.model.checkpoint import Checkpoint
from fretboard.model.hooks import entering_of, removing
from fretboard.model.inputs import Inputs, lengthened
from fretboard.model.repairs.plain import Plain, Position


@dataclass(frozen=True)
class SkipOnReversal(Plain):
    """overturning: (states (L+1, width), leader's id) → the layers to leave out, () for none."""

    checkpoint: Checkpoint
    inputs: Inputs
    overturning: Callable[[Tensor, int], tuple[int, ...]]

    def logits(self, position: Position) -> Tensor:
        """The model's own, or where there is a reversal those without its layers."""
        layers = self.overturning(position.states, int(position.logits.argmax()))
        if not layers:
            return position.logits
        tensors = lengthened(self.checkpoint, self.inputs, position.emitted)
        model = runner(self.checkpoint.model, tensors)
        with self._skipped(layers):
            last: Tensor = model(**tensors, use_cache=False).logits[0, -1]
        return last.to(position.logits)

    @contextmanager
    def _skipped(self, layers: tuple[int, ...]) -> Iterator[None]:
        """Inside, the layers leave the last position as it entered."""
        with removing() as handles:
            for index in layers:
                layer = self.checkpoint.anatomy.layers[index]
                handles.append(layer.register_forward_hook(_keep_last, with_kwargs=True))
            yield


def _keep_last(
    _layer: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any
) -> Any:
    hidden = hidden_of(output).clone()
    hidden[:, -1] = entering_of(args, kwargs)[:, -1]
    return hidden if isinstance(output, Tensor) else (hidden, *output[1:])
