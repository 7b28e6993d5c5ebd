"""A fit from the first example to the file: it can be stopped at any time and goes on."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from fretboard import __version__
from fretboard.core.errors import FretboardError, InputError
from fretboard.core.fitted_lens import FitSettings, FittedKind, LensRecipe
from fretboard.core.model_info import ServedModel
from fretboard.engine.lens_fit.examples import FitExample
from fretboard.engine.lens_fit.fitters import FITTERS
from fretboard.model.checkpoint import Checkpoint
from fretboard.store.fitted_lenses import partial_path, read_lens, write_lens

SAVE_SECONDS = 30.0
Tick = Callable[[int, int], None]
"""Examples done, and all; may raise."""


class LensFit:
    """Fits one kind of lens to a model, from `data` (in words) that `examples` hold."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        served: ServedModel,
        kind: FittedKind,
        examples: Sequence[FitExample],
        data: str,
        settings: FitSettings,
    ) -> None:
        if not examples:
            raise InputError("There are no examples to fit a lens on.")
        self._checkpoint, self._examples, self._settings = checkpoint, examples, settings
        anatomy, self._total = checkpoint.anatomy, settings.rounds * len(examples)
        self._fitter = FITTERS[kind](anatomy, settings, self._total)
        self._recipe = LensRecipe(
            kind=kind,
            model=served.name,
            revision=served.revision,
            layers=len(anatomy.layers),
            width=anatomy.width,
            data=data,
            examples=len(examples),
            seed=settings.seed,
            settings=self._fitter.settings
            | {"max_new_tokens": settings.max_new_tokens, "rounds": settings.rounds},
            fretboard=__version__,
        )

    def run(self, output: Path, tick: Tick = lambda _done, _total: None) -> LensRecipe:
        """Fit into the file `output`; what lies half done beside it is continued.

        Raises InputError where that was begun otherwise.
        """
        first, saved = self._resume(output), time.monotonic()
        for place in range(first, self._total):
            tick(place, self._total)
            self._add(place)
            if self._fitter.settled and time.monotonic() - saved > SAVE_SECONDS:
                self._save(output, place + 1)
                saved = time.monotonic()
        tick(self._total, self._total)
        arrays, spread = self._fitter.result()
        facts = {"positions": self._fitter.positions, "spread": spread}
        recipe = self._recipe.model_copy(update=facts)
        write_lens(output, recipe, _numbers(arrays, np.float16))
        partial_path(output).unlink(missing_ok=True)
        return recipe

    def _add(self, place: int) -> None:
        number = place % len(self._examples)
        try:
            forced = self._examples[number].answered(
                self._checkpoint, self._settings.max_new_tokens
            )
            self._fitter.add(forced, place)
        except FretboardError as error:
            raise type(error)(f"Example {number + 1}: {error.detail}") from error

    def _save(self, output: Path, done: int) -> None:
        arrays = _numbers(self._fitter.state(), np.float32) | {"done": np.array(done, np.int64)}
        recipe = self._recipe.model_copy(update={"positions": self._fitter.positions})
        write_lens(partial_path(output), recipe, arrays)

    def _resume(self, output: Path) -> int:
        """The first example that is still to come."""
        path = partial_path(output)
        if not path.is_file():
            return 0
        begun, arrays = read_lens(path)
        if begun.model_copy(update={"positions": {}}) != self._recipe:
            raise InputError(
                f"{path} was begun with other examples or settings. Use those, or delete it."
            )
        tensors = {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}
        done = int(tensors.pop("done"))
        self._fitter.restore(tensors)
        self._fitter.positions = dict(begun.positions)
        return done


def _numbers(tensors: dict[str, torch.Tensor], dtype: type) -> dict[str, np.ndarray]:
    return {
        name: tensor.numpy().astype(dtype if tensor.is_floating_point() else tensor.numpy().dtype)
        for name, tensor in tensors.items()
    }
