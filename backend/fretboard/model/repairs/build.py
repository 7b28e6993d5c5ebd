"""A settled `Repair` → what decodes with it."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from fretboard.core.errors import InputError
from fretboard.core.repair import Repair, RepairKind
from fretboard.model.checkpoint import Checkpoint
from fretboard.model.inputs import Inputs
from fretboard.model.repairs.deco import Deco
from fretboard.model.repairs.dola import Dola
from fretboard.model.repairs.fade import Fade
from fretboard.model.repairs.plain import Plain
from fretboard.model.repairs.skip_on_reversal import SkipOnReversal
from fretboard.model.repairs.vcd import Vcd


@dataclass(frozen=True)
class Instruments:
    """What repairs read with, and this room does not have.

    divergence: JSD of log-probabilities (…, V), (…, V) → (…). overturning: the layers that
    overturned a rival after a critical depth, (critical depth) → (states, leader's id) → layers.
    blank: the same question about a blank image, None without an image.
    """

    divergence: Callable[[Tensor, Tensor], Tensor]
    overturning: Callable[[int], Callable[[Tensor, int], tuple[int, ...]]]
    blank: Callable[[], Inputs | None]


def build_repair(
    repair: Repair, checkpoint: Checkpoint, inputs: Inputs, instruments: Instruments
) -> Plain:
    """The decoding of a settled repair. Raises InputError where it needs an image."""
    anatomy = checkpoint.anatomy
    settings = repair.model_dump(exclude={"kind"}, exclude_defaults=True)
    match repair.kind:
        case RepairKind.DOLA:
            return Dola(anatomy, divergence=instruments.divergence, **settings)
        case RepairKind.DECO:
            return Deco(anatomy, **settings)
        case RepairKind.SKIP_ON_REVERSAL:
            find = instruments.overturning(settings["critical_depth"])
            return SkipOnReversal(checkpoint, inputs, find)
        case RepairKind.VCD:
            return Vcd(_required(instruments.blank()), **settings)
        case RepairKind.FADE:
            return Fade(anatomy, **settings)
    return Plain()


def _required(blank: Inputs | None) -> Inputs:
    if blank is None:
        raise InputError("VCD contrasts the image with a blank one: send an image.")
    return blank
