"""`fretboard check`: does a checkpoint keep what every family must, with numbers, in one row."""

import time
from dataclasses import dataclass, field
from importlib.metadata import version

import torch
from PIL import Image

from fretboard import __version__
from fretboard.core.errors import FretboardError
from fretboard.core.model_info import ServedModel, served_model
from fretboard.core.settings import Settings
from fretboard.engine.load import load_checkpoint
from fretboard.model.checkpoint import Checkpoint
from fretboard.model.generation import Step, generate
from fretboard.model.inputs import Inputs, build_inputs
from fretboard.model.memory import peak_bytes
from fretboard.model.self_test import (
    NEW_TOKENS,
    OTHER_PROMPT,
    PROMPT,
    answered,
    batch_error,
    cache_tolerance,
    change,
    keeping,
    self_test,
)


@dataclass
class Row:
    """What was found of one checkpoint. Shares are of the largest logit; bytes at the peak."""

    model: str
    family: str
    revision: str
    transformers: str = field(default_factory=lambda: version("transformers"))
    torch: str = field(default_factory=lambda: version("torch"))
    fretboard: str = __version__
    layers: int = 0
    dtype: str = ""
    passed: bool = False
    lens: float | None = None
    cache: float | None = None
    image: float | None = None
    image_positions: int = 0
    skip: float | None = None
    """What leaving out the middle layer changes."""
    undone: bool | None = None
    """Whether the plain answer comes back, bit for bit."""
    batch: float | None = None
    """Between a batch of two and each alone."""
    padded: bool = True
    """Whether prompts of different length can share a batch; else those of equal length alone."""
    peak_bytes: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def check(settings: Settings, picture: Image.Image | None = None) -> Row:
    """The row of FRETBOARD_MODEL; `problems` holds a sentence for each promise that it breaks.

    picture: asked about in place of a drawn one. Raises UnknownModel where there is no checkpoint.
    """
    served = served_model(settings.model)
    row = Row(served.name, served.family, served.revision)
    try:
        _run(settings, served, picture, row)
    except FretboardError as error:
        row.problems.append(f"{error.title}: {error.detail}")
    row.passed = not row.problems
    return row


def _run(settings: Settings, served: ServedModel, picture: Image.Image | None, row: Row) -> None:
    started = time.perf_counter()
    checkpoint = load_checkpoint(settings, served)
    row.layers, row.dtype = len(checkpoint.anatomy.layers), checkpoint.dtype
    row.seconds["load"] = time.perf_counter() - started
    started = time.perf_counter()
    passed = self_test(checkpoint, picture)
    if picture is not None:  # as at load
        self_test(checkpoint)
    row.seconds["self_test"] = time.perf_counter() - started
    row.lens, row.cache, row.image = passed.lens, passed.cache, passed.image
    row.image_positions = passed.image_positions
    started = time.perf_counter()
    contract(
        checkpoint,
        [build_inputs(checkpoint, prompt, None, None) for prompt in (PROMPT, OTHER_PROMPT)],
        row,
    )
    row.seconds["contract"] = time.perf_counter() - started
    row.peak_bytes = peak_bytes()


def contract(checkpoint: Checkpoint, batch: list[Inputs], row: Row) -> None:
    """What the self-test leaves out, on two prompts of different length: skip, undo, batch."""
    row.layers = len(checkpoint.anatomy.layers)
    _check_skip(checkpoint, batch[0], row)
    _check_batch(checkpoint, batch, row)


def _check_skip(checkpoint: Checkpoint, inputs: Inputs, row: Row) -> None:
    """Without its middle layer the model says something else, and after it the same as before."""
    before = answered(checkpoint, inputs, NEW_TOKENS)
    steps: list[Step] = []
    always = (
        set(range(row.layers)) - checkpoint.anatomy.cross_attention
    )  # the others want a picture
    middle = min(always, key=lambda layer: abs(layer - row.layers // 2))
    generate(checkpoint, inputs, 1, (middle,), keeping(steps))
    row.skip = change(before[0].logits, steps[0].logits)
    same = torch.equal(steps[0].states[middle], steps[0].states[middle + 1])
    after = answered(checkpoint, inputs, NEW_TOKENS)
    row.undone = all(
        torch.equal(step.logits, again.logits) for step, again in zip(before, after, strict=True)
    )
    if not same or not row.skip:
        row.problems.append(f"Leaving out layer {middle} changes nothing: it is not left out.")
    if not row.undone:
        row.problems.append("After a skip the plain answer is not what it was.")


def _check_batch(checkpoint: Checkpoint, batch: list[Inputs], row: Row) -> None:
    """Decoded together and alone; where padding changes the numbers, a run never pads."""
    row.batch = batch_error(checkpoint, batch)
    if row.batch > cache_tolerance(checkpoint):
        row.batch = batch_error(checkpoint, [batch[0], batch[0]])
        row.padded = False
    if row.batch > cache_tolerance(checkpoint):
        row.problems.append(
            f"In a batch the logits differ from a lone run's by {row.batch:.3g} of the largest; "
            "set FRETBOARD_BATCH=1."
        )
