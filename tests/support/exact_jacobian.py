"""The Jacobian of depth L by what enters a layer, by running the model anew from that layer on."""

import torch

from fretboard.engine.causal.hooks import states_kept, states_put
from fretboard.model.anatomy import text_model


def from_depth(forced, depth, places):
    """(states at `places`, the function of them: (n, width) → (width,)).

    The function is the sum of depth L over the predicting positions.
    """
    anatomy, whole = forced.checkpoint.anatomy, forced.checkpoint.model
    model = whole if "pixel_values" in forced.tensors else text_model(whole)
    with states_kept(anatomy) as kept, torch.no_grad():
        model(**forced.tensors, use_cache=False)
    own = kept[depth][places].clone()

    def last(states):
        with states_put(anatomy, depth, places, states), states_kept(anatomy) as seen:
            model(**forced.tensors, use_cache=False)
        return seen[len(anatomy.layers)][forced.predicting].sum(0)

    return own, last


def exact_jacobian(forced, depth, places):
    """(width, width): mean over `places`."""
    own, last = from_depth(forced, depth, places)
    return torch.autograd.functional.jacobian(last, own).mean(1)


def exact_product(forced, depth, places, probe):
    """(width,): Jᵀ · probe, mean over `places`."""
    own, last = from_depth(forced, depth, places)
    return torch.autograd.functional.vjp(last, own, probe)[1].mean(0)
