"""Where an answer looks: four ways to say it, and patch ablation beside them.

Attention is what the layers mix, rollout (Abnar and Zuidema 2020) what reaches a layer through all
before it, head means both. The gradients are integrated from a grey image's states to the image's
(Sundararajan et al. 2017), so that they add up to what all patches together do at that depth.
The token activation map reads the patches' last states (`activation`).
Ablation is the causal one: a patch's embedding is replaced by the grey image's.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from fretboard.engine.causal.activation import activation_maps
from fretboard.engine.causal.forced import Forced, Tick, log_probabilities, logits, no_tick
from fretboard.engine.causal.hooks import states_kept, states_put
from fretboard.engine.causal.patching import check_alike
from fretboard.engine.numbers import to_float32
from fretboard.model.anatomy import Anatomy
from fretboard.model.grid import Grid
from fretboard.model.hooks import ATTENTION_NAMES, removing

STEPS = 8  # midpoints of the straight line from grey to image


def saliency(
    forced: Forced, grey: Forced, grid: Grid | None = None, tick: Tick = no_tick
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """attention, rollout (layer, patch, token), shares; relevance (depth, patch, token), nats;

    activation (patch, token), logits; ablation (patch, token), nats: what the emitted token's
    log-probability loses. grey: the same answer taught to a run without the image; grid: where the
    patches lie, if known. Raises InputError where there is no image, or the two runs' positions do
    not correspond.
    """
    forced.require_image()
    check_alike(grey, forced)
    with states_kept(grey.checkpoint.anatomy) as kept:
        log_probabilities(grey)
    without = {depth: states[forced.image] for depth, states in kept.items()}
    layers, patches = len(forced.checkpoint.anatomy.layers), len(forced.image)
    total = layers + patches
    attention, rollout = attention_maps(forced)
    relevance, gap = [], 0.0
    for depth in range(layers):
        tick(depth, total)
        shares, missing = relevance_at(forced, depth, without[depth])
        relevance.append(shares)
        gap = max(gap, missing)
    arrays = {
        "attention": attention,
        "rollout": rollout,
        "relevance": torch.stack(relevance),
        "ablation": ablation(forced, without[0], lambda done, _: tick(layers + done, total)),
    }
    numbers = to_float32(arrays)
    numbers["activation"] = activation_maps(forced, grid).astype(np.float32)
    return numbers, {"unit": "nats", "gap": gap, "steps": STEPS}


def ablation(forced: Forced, grey: Tensor, tick: Tick = no_tick) -> Tensor:
    """(patch, token) nats lost with one patch's embedding in `grey` (patch, width) in its place."""
    own, lost = log_probabilities(forced), []
    for index, at in enumerate(forced.image):
        tick(index, len(forced.image))
        with states_put(forced.checkpoint.anatomy, 0, at[None], grey[index : index + 1]):
            lost.append(own - log_probabilities(forced))
    return torch.stack(lost)


def relevance_at(
    forced: Forced, depth: int, grey: Tensor, of: Sequence[int] | None = None
) -> tuple[Tensor, float]:
    """((patch, token) nats, largest difference of their sum from what all patches do together).

    grey: (patch, width) states of the grey run at `depth`. of: these tokens alone.
    """
    tokens = list(range(len(forced.emitted)) if of is None else of)
    anatomy, at = forced.checkpoint.anatomy, forced.image
    with states_kept(anatomy) as kept:
        own = log_probabilities(forced)
    states = kept[depth][at].clone()
    grey = grey.to(states).clone()
    with states_put(anatomy, depth, at, grey):
        base = log_probabilities(forced).clone()
    along, total = (states - grey), torch.zeros(len(tokens), *states.shape, device=states.device)
    for step in range(STEPS):
        total += _gradients(forced, depth, grey + (step + 0.5) / STEPS * along, tokens)
    shares = (total / STEPS * along).sum(-1).mT
    return shares, float((shares.sum(0) - (own - base)[tokens]).abs().max())


def _gradients(forced: Forced, depth: int, states: Tensor, tokens: list[int]) -> Tensor:
    """(token, patch, width): of each token's log-probability by the states put in."""
    anatomy, whole = forced.checkpoint.anatomy, forced.checkpoint.model
    moved = states.clone().requires_grad_()
    with states_put(anatomy, depth, forced.image, moved), torch.enable_grad():
        table = whole(**forced.tensors, use_cache=False).logits[0, forced.predicting].float()
        chosen = torch.tensor(forced.emitted, device=table.device)[:, None]
        emitted = table.log_softmax(-1).gather(-1, chosen)[:, 0]
        unit = torch.eye(len(emitted), device=emitted.device)[tokens]
        (rows,) = torch.autograd.grad(emitted, moved, unit, is_grads_batched=True)
    return rows


def attention_maps(forced: Forced) -> tuple[Tensor, Tensor]:
    """(attention, rollout), (layer, patch, token) each; NaN where a layer gives no weights."""
    layers = len(forced.checkpoint.anatomy.layers)
    size = (layers, len(forced.image), len(forced.emitted))
    direct, through = torch.full(size, torch.nan), torch.full(size, torch.nan)
    joined: Tensor | None = None
    seen = head_means(forced)
    for layer in range(layers):
        weights = seen.get(layer)
        if weights is None:
            return direct, through  # what comes after cannot be rolled out
        mixed = 0.5 * (weights + torch.eye(len(weights)))
        joined = mixed if joined is None else mixed @ joined
        direct[layer] = weights[forced.predicting][:, forced.image.cpu()].mT
        through[layer] = joined[forced.predicting][:, forced.image.cpu()].mT
    return direct, through


def head_means(forced: Forced) -> dict[int, Tensor]:
    """Layer → (positions, positions) attention weights, mean over heads, from the eager kernel."""
    anatomy = forced.checkpoint.anatomy
    seen: dict[int, Tensor] = {}
    with _eager(forced.checkpoint.model), _weights_kept(anatomy, seen):
        logits(forced)
    return {layer: weights.float().cpu().clone() for layer, weights in seen.items()}


@contextmanager
def _weights_kept(anatomy: Anatomy, seen: dict[int, Tensor]) -> Iterator[None]:
    def keep(layer: int) -> Any:
        def hook(_part: nn.Module, _args: Any, output: Any) -> None:
            parts = output if isinstance(output, tuple) else ()
            for part in parts:
                if isinstance(part, Tensor) and part.ndim == 4 and part.shape[-1] == part.shape[-2]:
                    seen[layer] = part[0].mean(0)

        return hook

    with removing() as handles:
        for index, layer in enumerate(anatomy.layers):
            for name, part in layer.named_children():
                if name in ATTENTION_NAMES:
                    handles.append(part.register_forward_hook(keep(index)))
        yield


@contextmanager
def _eager(model: Any) -> Iterator[None]:
    """Inside, the text decoder's attention is computed plainly, with its weights."""
    config = model.config.get_text_config(decoder=True)
    own = config._attn_implementation
    config._attn_implementation = "eager"
    try:
        yield
    finally:
        config._attn_implementation = own
