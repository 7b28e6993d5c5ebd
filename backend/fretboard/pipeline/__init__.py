"""Request → analysis → derived arrays: the only room where model, lens and store meet."""

from fretboard.pipeline.analysis import Pipeline
from fretboard.pipeline.run import Job

__all__ = ["Job", "Pipeline"]
