"""Arrays on demand from the stored hidden states: another lens, a word's curve."""

from collections.abc import Callable

import numpy as np
import torch

from fretboard.core.analysis import Analysis
from fretboard.core.arrays import TOP_K, Derived
from fretboard.core.errors import InputError
from fretboard.core.fitted_lens import FITTED_KINDS, Span
from fretboard.core.reading import Lens
from fretboard.engine.fitted import FittedLenses
from fretboard.engine.numbers import check_arrays
from fretboard.engine.stream import to_tensor
from fretboard.lens.difference import read_difference
from fretboard.lens.readout import LogitLens, VocabularyLens, distribution, divergences, read_out
from fretboard.model.anatomy import Anatomy


def make_lens(
    anatomy: Anatomy, lens: Lens, fitted: FittedLenses | None = None, span: Span = Span.PROMPT
) -> VocabularyLens:
    """The model's own final norm, unembedding and tail as a lens, wherever they are placed.

    fitted: the lenses that were fitted for the model; span: where the states lie that are read.
    Raises InputError where the lens is to be fitted first.
    """
    if lens in FITTED_KINDS:
        if fitted is None:
            raise InputError(f"The {lens} lens has to be fitted to a model first.")
        return fitted.make(anatomy, lens, span)
    return LogitLens(
        final_norm=anatomy.normed,
        unembed=anatomy.logits,
        vocabulary=anatomy.vocabulary,
        raw=lens == Lens.RAW,
    )


@torch.inference_mode()
def log_probabilities(anatomy: Anatomy, states: np.ndarray) -> np.ndarray:
    """(…, width) before the final norm → (…, V) float32: the normed lens on any states."""
    return make_lens(anatomy, Lens.NORMED).log_probabilities(to_tensor(states)).cpu().numpy()


def derive(
    make: Callable[[Lens], VocabularyLens], analysis: Analysis, hidden: np.ndarray, derived: Derived
) -> dict[str, np.ndarray]:
    """Arrays of a lens from (L+1, T, width) hidden states. Raises NoNumbers where it overflows."""
    states, pair = to_tensor(hidden), derived.lens.pair
    if pair is None:
        arrays = _read(make(derived.lens), analysis, states, derived)
    else:
        arrays = _difference(make(pair[0]), make(pair[1]), analysis, states, derived)
    check_arrays(arrays)
    return arrays


def _read(
    lens: VocabularyLens, analysis: Analysis, states: torch.Tensor, derived: Derived
) -> dict[str, np.ndarray]:
    if derived.kind == "divergence":
        return {"jsd": divergences(lens, states, derived.divergence)}
    if derived.kind == "distribution":
        return {"probabilities": np.exp(distribution(lens, states[:, derived.token]))}
    return read_out(lens, states, _emitted(analysis), TOP_K).arrays()


def _difference(
    first: VocabularyLens,
    second: VocabularyLens,
    analysis: Analysis,
    states: torch.Tensor,
    derived: Derived,
) -> dict[str, np.ndarray]:
    """The same arrays, first − second."""
    if derived.kind == "lens":
        return read_difference(first, second, states, _emitted(analysis), TOP_K).arrays()
    upper, lower = (_read(lens, analysis, states, derived) for lens in (first, second))
    return {name: upper[name] - lower[name] for name in upper}


def _emitted(analysis: Analysis) -> torch.Tensor:
    return torch.tensor([token.id for token in analysis.tokens])
