"""What the model makes of the image itself: hidden states at the image positions of the prompt."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

from torch import Tensor

from fretboard.core.question import SkipWhen
from fretboard.model.capture import Capture
from fretboard.model.checkpoint import Checkpoint
from fretboard.model.generation import Step, generate
from fretboard.model.inputs import Inputs, image_positions
from fretboard.model.numbers import check_states
from fretboard.model.steer import StateChanges, steered


def patch_states(
    checkpoint: Checkpoint,
    inputs: Inputs,
    skipped: Sequence[int] = (),
    when: SkipWhen = SkipWhen.ALWAYS,
    changes: StateChanges | None = None,
) -> Tensor:
    """(L+1, patches, width), pre-norm, at the image positions in the prompt's order.

    The prompt passes once, by the very path an answer begins with, `skipped` layers left out and
    `changes` made as there. (L+1, 0, width) where no position holds image features. Raises
    InputError as `generate`, and NoNumbers.
    """
    at = image_positions(checkpoint, inputs)
    capture = Capture(checkpoint.anatomy, lambda hidden: hidden[0, at.to(hidden.device)])
    taken: list[Tensor] = []
    with ExitStack() as hooks, steered(checkpoint.anatomy, changes, inputs.tensors):
        hooks.enter_context(capture.hooked())

        def first_step(_step: Step) -> bool:
            taken.append(capture.take())
            hooks.close()  # some devices decode a step further: it holds no image positions
            return False

        generate(checkpoint, replace(inputs, forced=None), 1, skipped, first_step, when)
    check_states(taken[0])
    return taken[0]
