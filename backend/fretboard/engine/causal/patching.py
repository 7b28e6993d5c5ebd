"""Patching: the state of a run with the image put into a run without it, depth by depth.

Where the recovered share falls from 1 to 0 over depth, the image no longer matters at those
positions; where it rises, the answer has moved there (Meng et al. 2022, causal tracing).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fretboard.core.causal_test import SPANS
from fretboard.core.errors import InputError
from fretboard.engine.causal.forced import Forced, Tick, log_probabilities, no_tick
from fretboard.engine.causal.hooks import states_kept, states_put
from fretboard.engine.numbers import to_float32

# Nats between the two runs below which a share of their difference says nothing.
SMALLEST_DIFFERENCE = 0.1


def patching(
    donor: Forced, base: Forced, tick: Tick = no_tick
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The donor's states in the base's run: log_probability and recovered (depth, span, token).

    recovered = (patched − base) / (donor − base) of the log-probabilities (nats); NaN for a token
    on which the runs differ by less than SMALLEST_DIFFERENCE. donor, base: (token,).
    Raises InputError where the two runs' positions do not correspond.
    """
    check_alike(donor, base)
    anatomy = base.checkpoint.anatomy
    with states_kept(donor.checkpoint.anatomy) as kept:
        donated = log_probabilities(donor)
    own = log_probabilities(base)
    places = spans(base)
    patched = torch.empty(anatomy.depths, len(SPANS), len(own), dtype=own.dtype)
    for depth in range(anatomy.depths):
        for index, span in enumerate(SPANS):
            tick(depth * len(SPANS) + index, anatomy.depths * len(SPANS))
            at = places[span]
            with states_put(anatomy, depth, at, kept[depth][at.to(kept[depth].device)]):
                patched[depth, index] = log_probabilities(base).cpu()
    arrays = {
        "log_probability": patched,
        "recovered": _share(patched, donated.cpu(), own.cpu()),
        "donor": donated,
        "base": own,
    }
    sizes = {span: len(at) for span, at in places.items()}
    return to_float32(arrays), {
        "unit": "share of the difference of log-probabilities",
        "spans": sizes,
        "smallest_difference": SMALLEST_DIFFERENCE,
    }


def spans(forced: Forced) -> Mapping[str, Tensor]:
    """Span → positions: image; the prompt's others but its last; those that predict; all."""
    forced.require_image()
    everything = torch.arange(forced.positions, device=forced.image.device)
    before = everything[: forced.predicting.start]
    return {
        "image": forced.image,
        "prompt": before[~torch.isin(before, forced.image)],
        "predicting": everything[forced.predicting],
        "all": everything,
    }


def check_alike(donor: Forced, base: Forced) -> None:
    """Raises InputError unless both runs have the same tokens at the same positions."""
    if donor.emitted != base.emitted:
        raise InputError("The two runs teach different answers; patching compares one answer.")
    lengths = donor.positions, base.positions
    if lengths[0] != lengths[1]:
        raise InputError(
            f"The two runs have {lengths[0]} and {lengths[1]} positions, so their positions do not "
            "correspond. Use images of the same size and the same prompt."
        )
    for name in sorted(donor.tensors.keys() | base.tensors.keys()):
        pair = donor.tensors.get(name), base.tensors.get(name)
        whole_numbers = not any(value is not None and value.is_floating_point() for value in pair)
        if whole_numbers and not _equal(*pair):
            raise InputError(
                f"The two runs differ in {name}, so their positions do not correspond. Use images "
                "of the same size and the same prompt."
            )


def _equal(left: Tensor | None, right: Tensor | None) -> bool:
    return left is not None and right is not None and torch.equal(left, right)


def _share(patched: Tensor, donated: Tensor, own: Tensor) -> Tensor:
    apart = donated - own
    apart = torch.where(apart.abs() < SMALLEST_DIFFERENCE, torch.nan, apart)
    return (patched - own) / apart
