"""The loop all stages share: schedule, clipping, progress bar, checkpoints that resume exactly.

Batches are a pure function of (seed, step), and a checkpoint holds model, optimiser and step;
so a run that is stopped and resumed ends in the same state as one that was not.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from tqdm import tqdm

from fretboard.core.whole_file import replacing

Losses = dict[str, torch.Tensor]


@dataclass(frozen=True)
class StagePlan:
    """One stage: ``steps`` optimiser steps, cosine from the groups' rates to ``floor`` of them."""

    steps: int
    warmup: int = 150
    floor: float = 0.03
    clip: float = 1.0
    save_every: int = 100

    def rate(self, step: int) -> float:
        """Learning-rate factor in [0, 1] at ``step``."""
        if step < self.warmup:
            return (step + 1) / self.warmup
        progress = (step - self.warmup) / max(1, self.steps - self.warmup)
        return self.floor + (1 - self.floor) * 0.5 * (1 + math.cos(math.pi * progress))


def adamw(groups: list[dict[str, Any]], betas: tuple[float, float] = (0.9, 0.95)) -> Any:
    """AdamW on parameter groups; each group's ``lr`` is its peak rate."""
    for group in groups:
        group["peak"] = group["lr"]
    return torch.optim.AdamW(groups, betas=betas, weight_decay=0.02, fused=True)


def run_stage(
    module: nn.Module,
    optimizer: Any,
    plan: StagePlan,
    loss_at: Callable[[int], Losses],
    checkpoint: Path,
    on_save: Callable[[int], None] | None = None,
    stop_after: int | None = None,
) -> None:
    """Train ``module`` to ``plan.steps``, resuming from ``checkpoint`` if it exists.

    ``loss_at(step)`` gives named losses, of which "total" is minimised. ``stop_after`` ends
    early at that step, saved, as an interruption would.
    """
    torch.set_flush_denormal(True)  # tiny gradients of fresh layers slow a CPU tenfold
    start = _resume(module, optimizer, checkpoint)
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    last = min(plan.steps, stop_after or plan.steps)
    bar = tqdm(range(start, last), initial=start, total=plan.steps, mininterval=10)
    averages: dict[str, float] = {}
    for step in bar:
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * plan.rate(step)
        losses = loss_at(step)
        optimizer.zero_grad(set_to_none=True)
        losses["total"].backward()
        torch.nn.utils.clip_grad_norm_(parameters, plan.clip)
        optimizer.step()
        for name, value in ((name, float(loss.detach())) for name, loss in losses.items()):
            averages[name] = 0.98 * averages.get(name, value) + 0.02 * value
        bar.set_postfix({name: f"{value:.3f}" for name, value in averages.items()}, refresh=False)
        if (step + 1) % plan.save_every == 0 or step + 1 == last:
            _save(step + 1, module, optimizer, checkpoint)
            if on_save:
                on_save(step + 1)


def _save(step: int, module: nn.Module, optimizer: Any, checkpoint: Path) -> None:
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    states = {"step": step, "module": module.state_dict(), "optimizer": optimizer.state_dict()}
    with replacing(checkpoint) as partial:
        torch.save(states, partial)


def _resume(module: nn.Module, optimizer: Any, checkpoint: Path) -> int:
    if not checkpoint.exists():
        return 0
    state = torch.load(checkpoint, weights_only=True)
    module.load_state_dict(state["module"])
    optimizer.load_state_dict(state["optimizer"])
    return int(state["step"])
