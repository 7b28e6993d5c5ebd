"""Layer knockout: each decoder layer alone skipped, and what that does to the emitted tokens."""

from typing import Any

import numpy as np
import torch

from fretboard.core.errors import InputError
from fretboard.engine.causal.forced import Forced, Tick, log_probabilities, no_tick
from fretboard.engine.numbers import to_float32
from fretboard.model.interventions import check_skippable, skip_layers


def knockout(forced: Forced, tick: Tick = no_tick) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """effect (layer, token): log-probability without the layer less that with it; plain (token,).

    Both in nats. A layer that the architecture cannot do without is NaN and named in the note.
    """
    layers = len(forced.checkpoint.anatomy.layers)
    plain = log_probabilities(forced)
    rows, refused = [], []
    for layer in range(layers):
        tick(layer, layers)
        try:
            check_skippable(forced.checkpoint.model, [layer])
        except InputError:
            refused.append(layer)
            rows.append(torch.full_like(plain, torch.nan))
            continue
        with skip_layers(forced.checkpoint.anatomy, [layer]):
            rows.append(log_probabilities(forced) - plain)
    if len(refused) == layers:
        check_skippable(forced.checkpoint.model, refused[:1])
    arrays = to_float32({"effect": torch.stack(rows), "plain": plain})
    return arrays, {"unit": "nats", "not_skippable": refused}
