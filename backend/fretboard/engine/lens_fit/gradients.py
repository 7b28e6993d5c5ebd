"""Vector–Jacobian products of depth L by every depth, at the positions of an answered example."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint as recomputed

from fretboard.core.fitted_lens import Span
from fretboard.engine.causal.forced import Forced
from fretboard.model.anatomy import Anatomy, hidden_of, runner
from fretboard.model.hooks import entering_of, forwards_replaced, removing, with_entering

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
        end, depths = stream.leaving, stream.entering()
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


class _Stream:
    """What enters each layer that ran, and what left the last of them, joined by gradients."""

    def __init__(self, layers: int) -> None:
        self._entering: list[Tensor | None] = [None] * layers
        self._leaving: Tensor | None = None

    @property
    def leaving(self) -> Tensor:
        """(1, positions, width), depth L."""
        assert self._leaving is not None  # a forward has run
        return self._leaving

    def entering(self) -> list[Tensor]:
        """By depth 0…L−1; a layer that was not called leaves the stream unchanged."""
        depths, after = [], self.leaving
        for own in reversed(self._entering):
            after = after if own is None else own
            depths.append(after)
        return depths[::-1]

    def enter(self, index: int) -> Callable[..., Any]:
        """Hook: the stream begins, for gradients, at the first layer."""

        def hook(_layer: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            hidden = entering_of(args, kwargs)
            if self._leaving is None:
                hidden = hidden.detach().requires_grad_()
            self._entering[index] = hidden
            return with_entering(args, kwargs, hidden)

        return hook

    def leave(self, _layer: nn.Module, _args: Any, output: Any) -> None:
        """Hook."""
        self._leaving = hidden_of(output)


@contextmanager
def _differentiable(anatomy: Anatomy) -> Iterator[_Stream]:
    """Inside, a run fills the stream."""
    stream = _Stream(len(anatomy.layers))
    with removing() as handles, forwards_replaced(anatomy.layers, _recomputing):
        for index, layer in enumerate(anatomy.layers):
            handles.append(layer.register_forward_pre_hook(stream.enter(index), with_kwargs=True))
            handles.append(layer.register_forward_hook(stream.leave))
        yield stream


def _recomputing(forward: Callable[..., Any]) -> Callable[..., Any]:
    """It keeps its input alone for the way back."""
    return partial(recomputed, forward, use_reentrant=False, preserve_rng_state=False)
