"""What each layer's attention and its MLP add to the residual stream, measured and verified.

Families differ: some norm or scale a sub-layer's output before it is added, some add both to the
same input. So what was added is read off the stream around the sub-layer, and held against the
sub-layer's own output; a layer that does anything else is refused.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from fretboard.core.errors import UnsupportedModel
from fretboard.model.anatomy import Anatomy, hidden_of
from fretboard.model.hooks import ATTENTION_NAMES, MLP_NAMES, removing, stream_watched

# Times the dtype's rounding step, relative to the largest entry of the stream.
TOLERANCE = 64


@dataclass
class Seen:
    """A layer's stream before and after, and its direct parts' calls (name, in, out), in order."""

    entering: Tensor
    leaving: Tensor | None = None
    calls: list[tuple[str, Tensor, Tensor]] = field(default_factory=list)


@dataclass(frozen=True)
class Parts:
    """The stream at some positions, apart: `embeddings` + all of the others = `whole`.

    embeddings, whole: (tokens, width); attention, mlp: (layer, tokens, width); the model's dtype.
    """

    embeddings: Tensor
    attention: Tensor
    mlp: Tensor
    whole: Tensor


@contextmanager
def layers_watched(anatomy: Anatomy, at: slice) -> Iterator[dict[int, Seen]]:
    """Inside, a run fills layer → Seen at the positions `at`."""
    seen: dict[int, Seen] = {}

    def enters(index: int, hidden: Tensor) -> None:
        seen[index] = Seen(hidden[0, at])

    def leaves(index: int, hidden: Tensor) -> None:
        seen[index].leaving = hidden[0, at]

    with stream_watched(anatomy, enters, leaves), removing() as handles:
        for index, layer in enumerate(anatomy.layers):
            for name, part in layer.named_children():
                hook = _called(seen, index, name, at)
                handles.append(part.register_forward_hook(hook, with_kwargs=True))
        yield seen


def split(anatomy: Anatomy, seen: dict[int, Seen]) -> Parts:
    """The parts of every layer. Raises UnsupportedModel where they are not all there is."""
    attention, mlp = [], []
    for index, layer in enumerate(anatomy.layers):
        if index and not torch.equal(seen[index].entering, _left(seen[index - 1])):
            raise _refusal(layer, index, "something is added to the stream between layers")
        _, *added = _layer_parts(layer, index, seen[index])
        attention.append(added[0])
        mlp.append(added[1])
    last = _left(seen[len(anatomy.layers) - 1])
    return Parts(seen[0].entering, torch.stack(attention), torch.stack(mlp), last)


def middles(anatomy: Anatomy, seen: dict[int, Seen]) -> Tensor:
    """(L, tokens, width): the stream after each layer's attention, before its MLP.

    Raises UnsupportedModel where there is no such state, or more than these two are added.
    """
    states = []
    for index, layer in enumerate(anatomy.layers):
        middle, attention, _ = _layer_parts(layer, index, seen[index])
        if bool(attention.any()) and torch.equal(middle, seen[index].entering):
            why = "both read the layer's input, so there is no state between them"
            raise _refusal(layer, index, why)
        states.append(middle.cpu())
    return torch.stack(states)


def _layer_parts(layer: nn.Module, index: int, seen: Seen) -> tuple[Tensor, Tensor, Tensor]:
    """(stream that the MLP reads, attention's and MLP's addition), (tokens, width) each."""
    attention = _call(layer, index, seen, ATTENTION_NAMES)
    mlp = _call(layer, index, seen, MLP_NAMES)
    leaving = _left(seen)
    middle = _source(seen, mlp[1], {attention[0], mlp[0]})
    own, other = _followed(seen, attention[2]), _followed(seen, mlp[2])
    if torch.equal(middle, seen.entering):  # both read the same stream, or attention adds nothing
        parts = own, leaving - seen.entering - own
    else:
        parts = middle - seen.entering, leaving - middle
    size = max(float(seen.entering.abs().max()), float(leaving.abs().max()))
    bound = TOLERANCE * torch.finfo(leaving.dtype).eps * size
    for part, output in zip(parts, (own, other), strict=True):
        if not _is_multiple(part, output, bound):
            raise _refusal(layer, index, "what it adds is not its attention's and MLP's output")
    return middle, *parts


def _call(
    layer: nn.Module, index: int, seen: Seen, names: tuple[str, ...]
) -> tuple[str, Tensor, Tensor]:
    outputs = [call for call in seen.calls if call[0] in names]
    if len(outputs) != 1:
        raise _refusal(layer, index, f"looked for one part named {' or '.join(names)}")
    return outputs[0]


def _source(seen: Seen, entering: Tensor, but: set[str]) -> Tensor:
    """What went into the norm (or norms) that made `entering`; itself where none did."""
    for name, before, after in reversed(seen.calls):
        if name not in but and torch.equal(after, entering):
            entering = before
    return entering


def _followed(seen: Seen, output: Tensor) -> Tensor:
    """What the norms behind a sub-layer made of its output."""
    for _name, before, after in seen.calls:
        if torch.equal(before, output):
            output = after
    return output


def _is_multiple(part: Tensor, output: Tensor, bound: float) -> bool:
    """Whether `part` is `output` times one number (1; a family's residual multiplier)."""
    part, output = part.double(), output.double()
    factor = (part * output).sum() / output.square().sum().clamp_min(1e-300)
    return float((part - factor * output).abs().max()) <= bound


def _left(seen: Seen) -> Tensor:
    assert seen.leaving is not None  # the layer's own hook has run
    return seen.leaving


def _refusal(layer: nn.Module, index: int, why: str) -> UnsupportedModel:
    return UnsupportedModel(
        f"Layer {index} ({type(layer).__name__}) cannot be split into attention and MLP: {why}."
    )


def _called(seen: dict[int, Seen], index: int, name: str, at: slice) -> Callable[..., None]:
    def hook(_part: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> None:
        entering = args[0] if args else kwargs.get("hidden_states")
        leaving = hidden_of(output)
        if entering is not None and entering.ndim == 3 and leaving.shape == entering.shape:
            seen[index].calls.append((name, entering[0, at], leaving[0, at]))

    return hook
