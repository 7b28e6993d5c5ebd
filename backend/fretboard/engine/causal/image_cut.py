"""Image attention cut: from depth d on, no text position sees the image positions any more."""

from typing import Any

import numpy as np
import torch

from fretboard.engine.causal.forced import Forced, Tick, log_probabilities, no_tick
from fretboard.engine.causal.hooks import check_maskable, image_hidden
from fretboard.engine.numbers import to_float32


def attention_cut(
    forced: Forced, tick: Tick = no_tick
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """log_probability (depth, token), nats: layers `depth`… are blind; depth L is the plain run.

    Raises InputError without image positions, UnsupportedModel where no 4-D mask rules attention.
    """
    forced.require_image()
    anatomy, model = forced.checkpoint.anatomy, forced.checkpoint.model
    check_maskable(model)
    rows = []
    for depth in range(anatomy.depths):
        tick(depth, anatomy.depths)
        with image_hidden(model, anatomy, depth, forced.image):
            rows.append(log_probabilities(forced))
    arrays = to_float32({"log_probability": torch.stack(rows)})
    return arrays, {"unit": "nats", "image_positions": len(forced.image)}
