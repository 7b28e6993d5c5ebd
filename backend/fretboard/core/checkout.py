"""What a clone of the repository has and the installed package leaves out: training."""

from importlib import import_module
from types import ModuleType


def training(module: str) -> ModuleType:
    """A module of training code. Ends in one sentence where it was not installed."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if not str(error.name).startswith("fretboard."):
            raise
        raise SystemExit(
            "Training is not part of the installed package: run this in a clone of the repository."
        ) from None
