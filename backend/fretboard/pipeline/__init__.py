"""Request → analysis → derived arrays: the only room where model, lens and store meet."""

from fretboard.pipeline.analysis import Pipeline

__all__ = ["Pipeline"]
