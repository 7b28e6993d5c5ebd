"""A request's repair, with what it reads: the lens's divergence, and reversals at one position."""

from collections.abc import Callable

import torch
from PIL import Image
from torch import Tensor

from fretboard.core.errors import InputError
from fretboard.core.images import blank_like
from fretboard.core.question import AnalysisRequest
from fretboard.core.reading import Lens, Thresholds
from fretboard.core.repair import Repair
from fretboard.engine.derive import make_lens
from fretboard.lens.divergence import jensen_shannon
from fretboard.lens.readout import read_out
from fretboard.lens.stages import detect
from fretboard.model.anatomy import Anatomy
from fretboard.model.checkpoint import Checkpoint
from fretboard.model.inputs import Inputs, build_inputs
from fretboard.model.repairs import Instruments, Plain, build_repair


def make_repair(
    checkpoint: Checkpoint,
    request: AnalysisRequest,
    repair: Repair,
    inputs: Inputs,
    image: Image.Image | None,
) -> Plain:
    """The decoding of the settled `repair`. Raises InputError where it needs an image."""

    def blank() -> Inputs | None:
        if image is None:
            return None
        return build_inputs(checkpoint, request.prompt, blank_like(image), request.continuation)

    instruments = Instruments(
        jensen_shannon, lambda depth: overturning(checkpoint.anatomy, depth), blank
    )
    return build_repair(repair, checkpoint, inputs, instruments)


def overturning(anatomy: Anatomy, critical_depth: int) -> Callable[[Tensor, int], tuple[int, ...]]:
    """(states (L+1, width), the leader's id) → the layers that overturned a rival, () for none.

    A reversal is METHOD's, found with the default thresholds and this critical depth (an answer's
    own is known only when it is whole). Its layers turn the last depth that the rival leads into
    the first from which the leader leads to the end; the mutation's layer is among them.
    """
    lens, thresholds = make_lens(anatomy, Lens.NORMED), Thresholds(critical_depth=critical_depth)

    def layers(states: Tensor, leader: int) -> tuple[int, ...]:
        readout = read_out(lens, states[:, None], torch.tensor([leader]), 1)
        try:
            report = detect(
                readout.jsd,
                readout.probability,
                readout.rank,
                readout.top_ids[..., 0],
                thresholds,
            )
        except ValueError as error:
            raise InputError(str(error)) from error
        stages = report.tokens[0]
        if stages.reversal is None or stages.mutation_depth is None:
            return ()
        span = range(stages.reversal.to_depth, stages.reversal.overturned_at)
        return tuple(sorted({*span, stages.mutation_depth - 1}))

    return layers
