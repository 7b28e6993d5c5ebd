"""A progress bar for people who wait: in a terminal and in Jupyter, silent anywhere else."""

import sys
import warnings
from collections.abc import Iterable, Iterator
from typing import Any, Self


def watched() -> bool:
    """Whether somebody sees what is written here as it comes."""
    return "ipykernel" in sys.modules or sys.stderr.isatty()


class _Unseen:
    """A bar that nobody watches; tqdm's takes a lock of the whole process even when it is off."""

    def __init__(self, items: Iterable[Any] | None, total: float | None = None) -> None:
        self._items, self.total, self.n = items or (), total, 0.0

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def update(self, count: float = 1) -> None:
        """Moves it."""
        self.n += count


def bar(items: Iterable[Any] | None = None, **options: Any) -> Any:
    """tqdm's bar over `items`, or one that is moved by hand; options: `total`, `unit`, `desc`."""
    if not watched():
        return _Unseen(items, options.get("total"))
    from tqdm import TqdmWarning

    with warnings.catch_warnings():  # Jupyter without ipywidgets gets the bar in letters
        warnings.simplefilter("ignore", TqdmWarning)
        from tqdm.auto import tqdm
    return tqdm(items, **options)
