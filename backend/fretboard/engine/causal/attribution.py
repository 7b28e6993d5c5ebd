"""Direct logit attribution: how far each attention and each MLP moves the emitted token.

The final norm is taken at the scale it has at depth L, where it is a linear map; then the logit
difference between the emitted token and its rival is a sum over what the parts added to the
residual stream (Elhage et al. 2021; Wang et al. 2023). Direct effects only: what a part does
through later parts counts as theirs.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from fretboard.core.errors import UnsupportedModel
from fretboard.engine.causal.forced import Forced, logits
from fretboard.engine.causal.sublayers import layers_watched, split
from fretboard.engine.numbers import to_float32
from fretboard.model.anatomy import Anatomy

# So large that a root-mean-square norm's epsilon vanishes beside it.
PROBE = 1e3
# Of the norm's output against its linear form, relative to the largest entry, times rounding.
TOLERANCE = 64


def attribution(
    forced: Forced, rival: int | None = None
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Contributions to logit(emitted) − logit(rival), before the tail; > 0 favours the emitted.

    embeddings, constant (biases), whole (token,); attention, mlp (layer, token); rival (token,)
    ids: the strongest other word at depth L, or the given one. embeddings + constant + all of
    attention and mlp = whole. Raises UnsupportedModel where that cannot be had.
    """
    anatomy = forced.checkpoint.anatomy
    with layers_watched(anatomy, forced.predicting) as seen, torch.inference_mode():
        own = logits(forced)
        parts = split(anatomy, seen)
    emitted = torch.tensor(forced.emitted, device=own.device)
    rivals = _strongest(own, emitted) if rival is None else torch.full_like(emitted, rival)
    difference, constant = _unembedding_difference(anatomy, emitted, rivals)
    direction, bias = _through_norm(anatomy, parts.whole, difference)
    constant = constant + bias
    whole = (anatomy.normed(parts.whole).double() * difference).sum(-1) + constant - bias
    pieces = {
        "embeddings": _along(parts.embeddings, direction),
        "attention": _along(parts.attention, direction),
        "mlp": _along(parts.mlp, direction),
        "constant": constant,
    }
    total = pieces["embeddings"] + pieces["attention"].sum(0) + pieces["mlp"].sum(0) + constant
    arrays = to_float32(pieces | {"whole": whole})
    arrays["rival"] = rivals.int().cpu().numpy()
    gap = float((total - whole).abs().max())
    return arrays, {"unit": "logits", "gap": gap, "tail": anatomy.tail_name}


def _strongest(own: Tensor, emitted: Tensor) -> Tensor:
    """(tokens,) the leading word that was not emitted."""
    return own.scatter(-1, emitted[:, None], -torch.inf).argmax(-1)


def _along(states: Tensor, direction: Tensor) -> Tensor:
    """(…, tokens, width) → (…, tokens), float64."""
    return (states.double() * direction.to(states.device)).sum(-1)


def _unembedding_difference(
    anatomy: Anatomy, emitted: Tensor, rivals: Tensor
) -> tuple[Tensor, Tensor]:
    """(tokens, width) row of the emitted word less that of its rival, and (tokens,) of the bias."""
    weight = getattr(anatomy.unembedding, "weight", None)
    if weight is None or not weight.is_floating_point() or weight.device.type == "meta":
        raise UnsupportedModel(
            "The unembedding's weights are quantised or offloaded, so single words' rows cannot be "
            "read. Load the model with dtype float32 or bfloat16 on one device."
        )
    emitted, rivals = emitted.to(weight.device), rivals.to(weight.device)
    rows = weight[emitted].double() - weight[rivals].double()
    bias = getattr(anatomy.unembedding, "bias", None)
    if bias is None:
        return rows, rows.new_zeros(len(rows))
    return rows, bias[emitted].double() - bias[rivals].double()


def _through_norm(anatomy: Anatomy, last: Tensor, difference: Tensor) -> tuple[Tensor, Tensor]:
    """The direction in the stream whose product is the logit difference, and the norm's constant.

    last: (tokens, width) at depth L, whose scale is kept; difference: (tokens, width).
    """
    normed = anatomy.normed(last).double()
    state = last.double().to(normed.device)
    norm = anatomy.final_norm
    if isinstance(norm, nn.LayerNorm):
        spread = (state.var(-1, unbiased=False, keepdim=True) + norm.eps).sqrt()
        gain = (torch.ones_like(state) if norm.weight is None else norm.weight.double()) / spread
        offset = torch.zeros_like(state[0]) if norm.bias is None else norm.bias.double()
        linear = gain * (state - state.mean(-1, keepdim=True)) + offset
        direction = gain * difference
        direction = direction - direction.mean(-1, keepdim=True)
    else:
        weight = anatomy.normed(torch.full_like(last[:1], PROBE)).double()
        scaled = weight * state
        scale = (normed * scaled).sum(-1, keepdim=True) / scaled.square().sum(-1, keepdim=True)
        offset = torch.zeros_like(state[0])
        linear, direction = scaled * scale, weight * scale * difference
    _check_linear(norm, linear, normed, torch.finfo(last.dtype).eps)
    return direction, (offset * difference).sum(-1)


def _check_linear(norm: nn.Module, linear: Tensor, normed: Tensor, step: float) -> None:
    off = float((linear - normed).abs().max() / normed.abs().max())
    if off > TOLERANCE * step:
        raise UnsupportedModel(
            f"The final norm ({type(norm).__name__}) is neither a layer norm nor a "
            f"root-mean-square norm (off by {off:.3g}), so no attribution through it can be made."
        )
