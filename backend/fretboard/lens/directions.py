"""Directions of the residual stream, and what is done along them. Pure mathematics on states."""

from collections.abc import Callable

import torch
from torch import Tensor

from fretboard.lens.translation import Translation

Function = Callable[[Tensor], Tensor]


def norm_scale(norm: Function, zero: Tensor) -> tuple[Tensor, bool]:
    """A final norm's scale γ (width,), up to a factor; whether it takes the states' mean off.

    Read off what the norm does, so that it holds for every family: signs that alternate have mean
    0 and size 1, so N(s) − N(−s) = 2 γ s, any shift left out. zero: (width,) of zeros.
    """
    signs = torch.ones_like(zero)
    signs[1::2] = -1
    scale = (norm(signs) - norm(-signs)) * signs / 2
    level = torch.ones_like(zero)
    even = (norm(level) - norm(-level)).abs().sum() / 2
    return scale, bool(even < scale.abs().sum() / 2)


def read_directions(norm: Function, unembed: Function, zero: Tensor, ids: list[int]) -> Tensor:
    """(n, width) float32: along which the logits of n words rise in states before the final norm.

    Each is the word's row of W_U times the norm's scale. Found as gradients, so that a head of any
    kind has them. unembed: (1, width) → (1, V).
    """
    with torch.inference_mode(mode=False), torch.enable_grad():
        at = zero.clone().requires_grad_()
        logits = unembed(at[None])[0]
        rows = [torch.autograd.grad(logits[i], at, retain_graph=True)[0] for i in ids]
    with torch.no_grad():
        scale, centred = norm_scale(norm, zero)
    directions = torch.stack(rows).float() * scale.float().to(rows[0].device)
    return directions - directions.mean(-1, keepdim=True) if centred else directions


def translated_back(directions: Tensor, translation: Translation, depths: list[int]) -> Tensor:
    """(depths, n, width): where a fitted lens reads those directions, W_dᵀ u; depth L: u itself."""
    last = len(translation.weight)
    own = directions.to(translation.weight.device)
    return torch.stack(
        [own if d == last else own @ translation.weight[d].to(own.dtype) for d in depths]
    )


def pushed(direction: Tensor, strength: float) -> Function:
    """h → h + strength · ‖h‖ · u, u the unit vector along `direction` (width,)."""
    unit = torch.nn.functional.normalize(direction, dim=-1)

    def change(states: Tensor) -> Tensor:
        wide, along = _wide(states, unit)
        return (wide + strength * wide.norm(dim=-1, keepdim=True) * along).to(states)

    return change


def exchanged(first: Tensor, second: Tensor, share: float = 1.0) -> Function:
    """h → h + share · (α − β)(b − a): a's and b's parts of h change places.

    a, b: unit vectors along `first` and `second` (width,); h = α a + β b + what is orthogonal to
    both, so that (α, β) come from their dual basis. With share 1 it is its own inverse.
    """
    pair = torch.nn.functional.normalize(torch.stack([first, second]).double(), dim=-1)
    dual = torch.linalg.solve(pair @ pair.T, pair)
    difference, way = dual[0] - dual[1], pair[1] - pair[0]

    def change(states: Tensor) -> Tensor:
        wide, read = _wide(states, difference)
        along = way.to(read)
        return (wide + share * (wide @ read)[..., None] * along).to(states)

    return change


def _wide(states: Tensor, vector: Tensor) -> tuple[Tensor, Tensor]:
    """Both in float32, or finer where the states are."""
    wide = states.to(torch.promote_types(states.dtype, torch.float32))
    return wide, vector.to(wide)
