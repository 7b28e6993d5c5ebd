"""What a family puts behind the unembedding, found by comparing with the model's own logits."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from fretboard.core.errors import UnsupportedModel

Tail = Callable[[Tensor], Tensor]

# Logits of one forward, recomputed from the same hidden states; low precision rounds earlier.
# Each is relative to the largest logit.
TOLERANCE = {torch.float32: 2e-4, torch.float16: 4e-3, torch.bfloat16: 2e-2}
# A plainer tail is taken unless a later one is this many times nearer.
CLEARLY_NEARER = 8.0
# Config fields that cap the logits.
CAPS = ("final_logit_softcapping", "logits_soft_cap", "output_logit_soft_cap")
# Those that multiply or divide them.
FACTORS = {"logit_scale": 1.0, "output_multiplier": 1.0, "logits_scaling": -1.0}


def find_tail(model: Any, recomputed: Tensor, own: Tensor) -> tuple[str, Tail]:
    """Name and function of the tail with `tail(recomputed) == own`, both (n, V).

    Raises UnsupportedModel where none fits.
    """
    plain, truth = recomputed.float().cpu(), own.float().cpu()
    if plain.shape != truth.shape:
        raise UnsupportedModel(
            f"{type(model).__name__}: the unembedding gives logits of shape "
            f"{tuple(plain.shape)}, the model {tuple(truth.shape)}; looked for the same words."
        )
    size = max(1e-6, float(truth.abs().max()))
    best, best_error = _candidates(model, plain, truth)[0], float("inf")
    for candidate in _candidates(model, plain, truth):
        error = float((candidate[1](plain) - truth).abs().max()) / size
        if error * CLEARLY_NEARER < best_error and best_error > 1e-6:
            best, best_error = candidate, error
    if best_error <= TOLERANCE.get(own.dtype, 2e-4):
        return best
    raise UnsupportedModel(
        f"{type(model).__name__}: final norm and unembedding at the last depth do not give the "
        f"model's own logits (nearest: {best[0]}, off by {best_error:.3g} of the largest logit); "
        "looked for no tail, scaling, soft-capping. Its numbers could not be trusted, so it is "
        "refused."
    )


def _candidates(model: Any, plain: Tensor, own: Tensor) -> list[tuple[str, Tail]]:
    """The plainest first: nothing, what the config names, a factor read off the logits."""
    config = model.config.get_text_config(decoder=True)
    cap = next(filter(None, (getattr(config, name, None) for name in CAPS)), None)
    measured = float((plain * own).sum() / plain.square().sum().clamp_min(1e-12))
    factors = [1.0, *_named_factors(config)]
    capped = [_tail(factor, float(cap)) for factor in factors] if cap else []
    return [_tail(factor, None) for factor in factors] + capped + [_tail(measured, None)]


def _named_factors(config: Any) -> list[float]:
    values = {name: getattr(config, name, None) for name in FACTORS}
    return [float(value) ** FACTORS[name] for name, value in values.items() if value]


def _tail(factor: float, cap: float | None) -> tuple[str, Tail]:
    """Scaled by `factor`, then squeezed into (−cap, cap)."""
    steps = [] if factor == 1.0 else [f"scale {factor:.6g}"]
    steps += [] if cap is None else [f"soft-cap {cap:g}"]

    def tail(logits: Tensor) -> Tensor:
        scaled = logits if factor == 1.0 else logits * factor
        return scaled if cap is None else torch.tanh(scaled / cap) * cap

    return ", ".join(steps) or "none", tail
