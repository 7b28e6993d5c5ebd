"""Arrays on demand from the stored hidden states: another lens, a word's curve."""

import numpy as np
import torch

from fretboard.core.analysis import Analysis
from fretboard.core.arrays import TOP_K, Derived
from fretboard.core.reading import Lens
from fretboard.engine.numbers import check_arrays
from fretboard.engine.stream import to_tensor
from fretboard.lens.difference import read_difference
from fretboard.lens.readout import LogitLens, distribution, divergences, read_out
from fretboard.model.anatomy import Anatomy


def make_lens(anatomy: Anatomy, lens: Lens) -> LogitLens:
    """The model's own final norm, unembedding and tail as a lens, wherever they are placed."""
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
    anatomy: Anatomy, analysis: Analysis, hidden: np.ndarray, derived: Derived
) -> dict[str, np.ndarray]:
    """Arrays of a lens from (L+1, T, width) hidden states. Raises NoNumbers where it overflows."""
    arrays = _derived(anatomy, analysis, to_tensor(hidden), derived)
    check_arrays(arrays)
    return arrays


def _derived(
    anatomy: Anatomy, analysis: Analysis, states: torch.Tensor, derived: Derived
) -> dict[str, np.ndarray]:
    if derived.lens == Lens.DIFFERENCE:
        return _difference(anatomy, analysis, states, derived)
    lens = make_lens(anatomy, derived.lens)
    if derived.kind == "divergence":
        return {"jsd": divergences(lens, states, derived.divergence)}
    if derived.kind == "distribution":
        return {"probabilities": np.exp(distribution(lens, states[:, derived.token]))}
    return read_out(lens, states, _emitted(analysis), TOP_K).arrays()


def _difference(
    anatomy: Anatomy, analysis: Analysis, states: torch.Tensor, derived: Derived
) -> dict[str, np.ndarray]:
    """The same arrays, raw − normed."""
    raw, normed = make_lens(anatomy, Lens.RAW), make_lens(anatomy, Lens.NORMED)
    if derived.kind == "lens":
        return read_difference(raw, normed, states, _emitted(analysis), TOP_K).arrays()
    if derived.kind == "divergence":
        of_raw, of_normed = (
            divergences(lens, states, derived.divergence) for lens in (raw, normed)
        )
        return {"jsd": of_raw - of_normed}
    of_raw, of_normed = (
        np.exp(distribution(lens, states[:, derived.token])) for lens in (raw, normed)
    )
    return {"probabilities": of_raw - of_normed}


def _emitted(analysis: Analysis) -> torch.Tensor:
    return torch.tensor([token.id for token in analysis.tokens])
