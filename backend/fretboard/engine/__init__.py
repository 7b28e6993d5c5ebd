"""Request → analysis → derived arrays: the only room where model, lens and store meet."""

from fretboard.engine.analyze import Pipeline
from fretboard.engine.run import Job

__all__ = ["Job", "Pipeline"]
