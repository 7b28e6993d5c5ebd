"""Vector–Jacobian products of depth L by every depth, at the positions of an answered example."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint as recomputed

from fretboard.core.fitted_lens import Span
from fretboard.engine.causal.forced import Forced
from fretboard.model.anatomy import Anatomy, runner
from fretboard.model.capture import Capture
from fretboard.model.hooks import change_states, forwards_replaced, removing

PROBES_AT_ONCE = 16


def products(forced: Forced, at: Mapping[Span, Tensor], probes: Tensor) -> dict[Span, Tensor]:
    """Span → (L, probe, width) float32 or finer: Jᵀv, mean over the span's positions.

    J = Σ over the answer's predicting positions of ∂h_L[there] / ∂h_d[position]: h_d is what enters
    layer d, h_L what leaves the last one. A layer's activations are computed again when they are
    needed, so one layer's are held at a time.
    """
    anatomy = forced.checkpoint.anatomy
    with _differentiable(anatomy) as stream, torch.enable_grad():
        runner(forced.checkpoint.model, forced.tensors)(**forced.tensors, use_cache=False)
        *depths, end = stream.states()
        blocks: dict[Span, list[Tensor]] = {span: [] for span in at}
        for block in probes.split(PROBES_AT_ONCE):
            seeds = end.new_zeros(len(block), *end.shape)
            seeds[:, 0, forced.predicting] = block.to(end)[:, None]
            rows = torch.autograd.grad(end, depths, seeds, retain_graph=True, is_grads_batched=True)
            for span, places in at.items():
                blocks[span].append(torch.stack([_mean(row[:, 0], places) for row in rows]))
    return {span: torch.cat(rows, dim=1) for span, rows in blocks.items()}


def _mean(rows: Tensor, places: Tensor) -> Tensor:
    """(probe, positions, width) → (probe, width), mean over some positions, on the CPU."""
    chosen = rows[:, places.to(rows.device)]
    return chosen.to(torch.promote_types(chosen.dtype, torch.float32)).mean(1).cpu()


@contextmanager
def _differentiable(anatomy: Anatomy) -> Iterator[Capture]:
    """Inside, a run fills the stream, joined by gradients that begin at depth 0."""
    stream = Capture(anatomy, lambda hidden: hidden)
    with removing() as handles, forwards_replaced(anatomy.layers, _recomputing):
        handles.append(change_states(anatomy, 0, lambda hidden: hidden.detach().requires_grad_()))
        with stream.hooked():
            yield stream


def _recomputing(forward: Callable[..., Any]) -> Callable[..., Any]:
    """It keeps its input alone for the way back."""
    return partial(recomputed, forward, use_reentrant=False, preserve_rng_state=False)
