"""Repairs: one small file each, all decoding on the one path of `generation.generate`."""

from fretboard.model.repairs.build import Instruments, build_repair
from fretboard.model.repairs.plain import Plain, Position

__all__ = ["Instruments", "Plain", "Position", "build_repair"]
