"""The stream between attention and MLP: one pass over the stored tokens, held against the record.

Half depth d + ½ is what the MLP of layer d (or the norm before it) reads. Whole depths are never
taken from this pass: the record's own stay as they are.
"""

import numpy as np
import torch

from fretboard.core.analysis import Analysis
from fretboard.core.errors import InputError, UnsupportedModel
from fretboard.core.fitted_lens import fitted_in
from fretboard.core.reading import Lens
from fretboard.engine.analyze import Pipeline
from fretboard.engine.causal.forced import logits, taught
from fretboard.engine.causal.hooks import states_kept
from fretboard.engine.causal.sublayers import layers_watched, middles
from fretboard.engine.stream import to_numpy, to_tensor
from fretboard.model.inputs import build_inputs
from fretboard.store.analyses import HIDDEN_STATES

# Of the pass's states from the record's, as a share of their size at a depth: decoding word by
# word rounds differently. Another run (a repair that damps layers, another prompt) is far beyond.
FARTHEST = {torch.float32: 1e-3, torch.float64: 1e-3}
FARTHEST_HALF_PRECISION = 0.1


def half_states(pipeline: Pipeline, analysis: Analysis) -> np.ndarray:
    """(L, token, width), in the model's dtype, where the answer's tokens are predicted.

    Raises InputError where the family has no such states, or the answer was not given by the whole
    model.
    """
    if analysis.request.skip_layers:
        raise InputError(
            "Half depths are read of answers that all layers gave; this one skipped some."
        )
    store, anatomy = pipeline.store, pipeline.checkpoint.anatomy
    prompt, image = analysis.request.prompt, store.image_of(analysis)
    inputs = build_inputs(pipeline.checkpoint, prompt, image, None)
    forced = taught(pipeline.checkpoint, inputs, [token.id for token in analysis.tokens])
    with states_kept(anatomy) as kept, layers_watched(anatomy, forced.predicting) as seen:
        logits(forced)
    try:
        states = middles(anatomy, seen)
    except UnsupportedModel as error:
        raise InputError(f"There are no half depths to read. {error}") from error
    whole = torch.stack([kept[depth][forced.predicting].cpu() for depth in sorted(kept)])
    _check(whole, to_tensor(store.read_sound(analysis, HIDDEN_STATES)))
    return to_numpy(states)


def between(hidden: np.ndarray, halves: np.ndarray, lens: Lens) -> np.ndarray:
    """(L+1, …) and (L, …) → (2L+1, …), depth by half depth. Raises InputError for a fitted lens."""
    if fitted_in(lens):
        raise InputError(
            f"The {lens} lens was fitted at whole depths. Read half depths with normed, raw or "
            "their difference."
        )
    table = np.empty((len(hidden) + len(halves), *hidden.shape[1:]), hidden.dtype)
    table[::2], table[1::2] = hidden, halves
    return table


def _check(states: torch.Tensor, stored: torch.Tensor) -> None:
    """Both (L+1, tokens, width). Raises InputError where they are not of the same run."""
    off = (states.double() - stored.double()).norm(dim=(1, 2)) / stored.double().norm(dim=(1, 2))
    if not float(off.max()) <= FARTHEST.get(states.dtype, FARTHEST_HALF_PRECISION):
        raise InputError(
            "Half depths are read in one pass over prompt and answer; its states part from the "
            f"record's by {float(off.max()):.1%}: the answer was given under a repair that changes "
            "the states, or they come from elsewhere."
        )
