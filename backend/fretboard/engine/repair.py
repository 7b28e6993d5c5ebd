"""A request's repair, and what it reads: the lens's divergence, and reversals at one position."""

from collections.abc import Callable

import torch
from PIL import Image
from torch import Tensor

from fretboard.core.errors import InputError
from fretboard.core.images import blank_like
from fretboard.core.question import AnalysisRequest
from fretboard.core.reading import Lens, Thresholds
from fretboard.core.repair import Repair, RepairKind
from fretboard.engine.derive import make_lens
from fretboard.lens.divergence import jensen_shannon
from fretboard.lens.readout import read_out
from fretboard.lens.stages import detect
from fretboard.model.anatomy import Anatomy
from fretboard.model.checkpoint import Checkpoint
from fretboard.model.inputs import Inputs, build_inputs
from fretboard.model.repairs.deco import Deco
from fretboard.model.repairs.dola import Dola
from fretboard.model.repairs.fade import Fade
from fretboard.model.repairs.plain import Plain
from fretboard.model.repairs.skip_on_reversal import SkipOnReversal
from fretboard.model.repairs.vcd import Vcd


def make_repair(
    checkpoint: Checkpoint,
    request: AnalysisRequest,
    repair: Repair,
    inputs: Inputs,
    image: Image.Image | None,
) -> Plain:
    """The decoding of the settled `repair`. Raises InputError where it needs an image."""
    anatomy = checkpoint.anatomy
    settings = repair.model_dump(exclude={"kind"}, exclude_defaults=True)
    match repair.kind:
        case RepairKind.DOLA:
            return Dola(anatomy, divergence=jensen_shannon, **settings)
        case RepairKind.DECO:
            return Deco(anatomy, **settings)
        case RepairKind.SKIP_ON_REVERSAL:
            return SkipOnReversal(checkpoint, inputs, overturning(anatomy, **settings))
        case RepairKind.VCD:
            if image is None:
                raise InputError("VCD contrasts the image with a blank one: send an image.")
            blank = blank_like(image)
            other = build_inputs(checkpoint, request.prompt, blank, request.continuation)
            return Vcd(other, **settings)
        case RepairKind.FADE:
            return Fade(anatomy, **settings)
    return Plain()


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
