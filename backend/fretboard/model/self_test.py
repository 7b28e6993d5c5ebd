"""What must hold of any model that is served, tried once on a question and a picture at load.

Its numbers are numbers, the last depth read through the lens is its own distribution, a cache
changes nothing, and the picture changes the answer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from fretboard.core.errors import FretboardError, OutOfMemory, UnsupportedModel, said
from fretboard.model.anatomy import generator
from fretboard.model.checkpoint import Checkpoint
from fretboard.model.generation import Answer, Step, generate, generate_together
from fretboard.model.inputs import Inputs, build_inputs, image_positions
from fretboard.model.limits import check_room
from fretboard.model.refusals import refusing
from fretboard.model.tails import TOLERANCE

PROMPT = "What is in this picture?"
OTHER_PROMPT = "Say in one long sentence, please, what you can see there."
NEW_TOKENS = 4
SIZE = (96, 64)  # pixels of the picture; processors enlarge it to theirs
# Of the largest logit, between decoding with a cache and without; low precision rounds otherwise.
CACHE_TOLERANCE = {torch.float32: 1e-3, torch.float16: 5e-2, torch.bfloat16: 1e-1}


@dataclass(frozen=True)
class Passed:
    """What was found: shares of the largest logit; `image` None without an image path."""

    lens: float
    cache: float
    image: float | None
    image_positions: int


def self_test(checkpoint: Checkpoint, picture: Image.Image | None = None) -> Passed:
    """Raises UnsupportedModel or NoNumbers, in a sentence. picture: another than a drawn one."""
    if checkpoint.processor is None:
        return try_inputs(checkpoint, _inputs(checkpoint, None), None)
    drawn = _drawn()
    if picture is None:
        shown, other = drawn, Image.eval(drawn, lambda value: 255 - value)
    else:
        shown, other = picture, drawn.resize(picture.size)
    return try_inputs(checkpoint, _inputs(checkpoint, shown), _inputs(checkpoint, other))


def try_inputs(checkpoint: Checkpoint, inputs: Inputs, other: Inputs | None) -> Passed:
    """The same on inputs at hand; other: the same question of another picture."""
    name = type(checkpoint.model).__name__
    steps = answered(checkpoint, inputs, NEW_TOKENS)
    lens, cache = lens_error(checkpoint, steps), cache_error(checkpoint, inputs, steps)
    logits = steps[0].logits
    if lens > TOLERANCE.get(logits_dtype(checkpoint), 2e-4):
        raise UnsupportedModel(
            f"{name}: read at the last depth, the model's own distribution does not come out (off "
            f"by {lens:.3g} of the largest logit). Its numbers could not be trusted."
        )
    if cache > cache_tolerance(checkpoint):
        raise UnsupportedModel(
            f"{name}: decoding with a cache and without it gives other words (logits differ by "
            f"{cache:.3g} of the largest). Its answers could not be trusted."
        )
    image = None
    if other is not None:
        image = change(logits, answered(checkpoint, other, 1)[0].logits)
        if not image:
            raise UnsupportedModel(
                f"{name}: two different pictures give the very same answer. Check that the chat "
                "template and the processor belong to these weights."
            )
    return Passed(lens, cache, image, len(image_positions(checkpoint, inputs)))


def answered(checkpoint: Checkpoint, inputs: Inputs, count: int) -> list[Step]:
    """Up to `count` emitted tokens."""
    steps: list[Step] = []
    with refusing(f"{type(checkpoint.model).__name__} does not run on a question", REMEDY):
        generate(checkpoint, inputs, count, (), keeping(steps))
    return steps


def keeping(steps: list[Step]) -> Callable[[Step], bool]:
    """An `on_step` that appends to `steps`."""

    def keep(step: Step) -> bool:
        steps.append(step)
        return True

    return keep


REMEDY = (
    "Check that config, processor and weights come from one source; the log has the whole message."
)


@torch.inference_mode()
def lens_error(checkpoint: Checkpoint, steps: list[Step]) -> float:
    """Largest difference at depth L between the lens and the model, of the largest logit."""
    last = torch.stack([step.states[-1] for step in steps])
    read = checkpoint.anatomy.logits(checkpoint.anatomy.normed(last)).float().cpu()
    own = torch.stack([step.logits for step in steps]).cpu()
    return max(change(expected, through) for expected, through in zip(own, read, strict=True))


@torch.inference_mode()
def cache_error(checkpoint: Checkpoint, inputs: Inputs, steps: list[Step]) -> float:
    """Largest difference to decoding without a cache, up to the first other token."""
    with refusing(f"{type(checkpoint.model).__name__} does not run without a cache", REMEDY):
        whole = generator(checkpoint.model, inputs.tensors)(
            **inputs.tensors,
            max_new_tokens=len(steps),
            use_cache=False,
            output_logits=True,
            return_dict_in_generate=True,
        )
    worst = 0.0
    for step, logits in zip(steps, whole.logits, strict=False):
        worst = max(worst, change(step.logits, logits[0]))
        if int(logits[0].argmax()) != step.token_id:
            break  # a near tie: what follows is another text
    return worst


def batch_error(checkpoint: Checkpoint, batch: Sequence[Inputs]) -> float:
    """Largest difference between decoding together and alone, up to the first other token."""
    together: list[list[Step]] = [[] for _ in batch]
    answers = [
        Answer(inputs, NEW_TOKENS, keeping(steps))
        for inputs, steps in zip(batch, together, strict=True)
    ]
    generate_together(checkpoint, answers)
    worst = 0.0
    for inputs, steps in zip(batch, together, strict=True):
        for alone, beside in zip(answered(checkpoint, inputs, NEW_TOKENS), steps, strict=False):
            worst = max(worst, change(alone.logits, beside.logits))
            if alone.token_id != beside.token_id:
                break
    return worst


def takes_padding(checkpoint: Checkpoint) -> bool:
    """Whether a prompt decodes as if alone beside a longer one; tried once for each model.

    Not so where a recurrence reads the padding (RecurrentGemma), or positions count it (Pegasus).
    """
    known = PADDING.get(checkpoint.model)
    if known is None:
        batch = [build_inputs(checkpoint, text, None, None) for text in (PROMPT, OTHER_PROMPT)]
        known = batch_error(checkpoint, batch) <= cache_tolerance(checkpoint)
        PADDING[checkpoint.model] = known
    return known


PADDING: WeakKeyDictionary[Any, bool] = WeakKeyDictionary()


def cache_tolerance(checkpoint: Checkpoint) -> float:
    """How far the logits of one text may be apart that were computed in two ways."""
    return CACHE_TOLERANCE.get(logits_dtype(checkpoint), 1e-1)


def change(left: Tensor, right: Tensor) -> float:
    """Largest difference of two (V,) logits, of the largest logit of the first; −inf left out."""
    left, right = left.float().cpu(), right.float().cpu()
    known = left.isfinite() & right.isfinite()
    size = max(1e-6, float(left[known].abs().max()))
    return float((left - right)[known].abs().max()) / size


def logits_dtype(checkpoint: Checkpoint) -> torch.dtype:
    """That the head computes in."""
    weight = getattr(checkpoint.anatomy.unembedding, "weight", None)
    dtype = weight.dtype if weight is not None and weight.is_floating_point() else None
    coarsest = (dtype, checkpoint.anatomy.dtype)
    return min(
        (kind for kind in coarsest if kind is not None), key=lambda kind: torch.finfo(kind).bits
    )


def _inputs(checkpoint: Checkpoint, picture: Image.Image | None) -> Inputs:
    try:
        inputs = build_inputs(checkpoint, PROMPT, picture, None)
        check_room(checkpoint, inputs.prompt_tokens, NEW_TOKENS, False, NEW_TOKENS)
        return inputs
    except OutOfMemory:
        raise
    except FretboardError as error:  # of a question that every model can be asked
        reason = said(error.__cause__) if isinstance(error.__cause__, Exception) else error.detail
        raise UnsupportedModel(
            f"The model could not be asked {PROMPT!r}: {reason} Take the processor's and the "
            "tokenizer's files from the source of the weights."
        ) from error


def _drawn() -> Image.Image:
    """A disc on seeded blocks of colour: something is in every patch, and where a tower takes
    noise for nothing, one thing stands out."""
    blocks = np.random.default_rng(0).integers(0, 256, (SIZE[1] // 8, SIZE[0] // 8, 3), np.uint8)
    picture = Image.fromarray(blocks).resize(SIZE, Image.Resampling.NEAREST)
    ImageDraw.Draw(picture).ellipse((20, 5, 75, 60), fill=(250, 120, 0))
    return picture
