"""A progress bar for people who wait: in a terminal and in Jupyter, silent anywhere else."""

import sys
import warnings
from collections.abc import Iterable
from typing import Any


def watched() -> bool:
    """Whether somebody sees what is written here as it comes."""
    return "ipykernel" in sys.modules or sys.stderr.isatty()


def bar(items: Iterable[Any] | None = None, **options: Any) -> Any:
    """tqdm's bar over `items`, or one that is moved by hand; options: `total`, `unit`, `desc`."""
    from tqdm import TqdmWarning

    with warnings.catch_warnings():  # Jupyter without ipywidgets gets the bar in letters
        warnings.simplefilter("ignore", TqdmWarning)
        from tqdm.auto import tqdm
    return tqdm(items, disable=not watched(), **options)
