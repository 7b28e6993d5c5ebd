"""The training loop: seeded, resumable, one log."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from timeit import Timer
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.nn import functional
from transformers import LlamaForCausalLM

from .lora import add_lora, load_lora, lora_arrays
from .material import LONGEST, Material
from .sequences import IGNORED, Batch, collate, embed

Report = Callable[[str], None]
KINDS = ("scene", "noun", "photograph", "nothing", "text")
FIRST = (0.44, 0.28, 0.08, 0.11, 0.09)  # shares at the beginning: nouns first
LAST = (0.46, 0.28, 0.05, 0.12, 0.09)
SNAPSHOTS = 4  # last ones kept, whose mean is what is exported
TURNED = 0.4  # share of the run after which the shares are the last ones


@dataclass(frozen=True, slots=True)
class Plan:
    """How a run is trained."""

    steps: int = 320
    minutes: float | None = None  # by the clock, in place of the steps
    sequences: int = 8  # a step
    rate: float = 6e-4
    projector_rate: float = 3e-5
    frozen_layers: int = 10  # the lowest layers stay as they are, and so does the projector;
    # with 0 both are trained, at a fifth more time a step
    warmup: int = 6
    falling: float = 0.8  # share of the run in which the rate falls
    floor: float = 0.03  # of the rate at the end
    seed: int = 0
    save_seconds: float = 180.0
    compiled: bool = True
    nouns_first: bool = True  # not where nouns are known: then the shares are the last ones


class Projector(nn.Module):
    """transformers' two-layer projector in float32."""

    def __init__(self, arrays: dict[str, Tensor]) -> None:
        super().__init__()
        width, size = arrays["linear_1.weight"].T.shape
        self.linear_1, self.linear_2 = nn.Linear(width, size), nn.Linear(size, size)
        self.load_state_dict(arrays)

    def forward(self, evidence: Tensor) -> Tensor:
        return self.linear_2(functional.gelu(self.linear_1(evidence)))


class Trainer:
    """The language model with its adapters, the projector, and where training stands."""

    def __init__(self, language: LlamaForCausalLM, projector: Projector, plan: Plan) -> None:
        add_lora(language, plan.seed)
        language.model.layers[: plan.frozen_layers].requires_grad_(False)
        projector.requires_grad_(plan.frozen_layers == 0)
        self.language = language.to(faster_dtype())
        for module in self.language.modules():
            for name in ("down", "up"):
                if isinstance(getattr(module, name, None), nn.Parameter):
                    getattr(module, name).data = getattr(module, name).data.float()
        self.projector, self.plan, self.step = projector, plan, 0
        self.began = time.monotonic()
        ready = distributed.is_initialized()
        self.rank = distributed.get_rank() if ready else 0
        self.world = distributed.get_world_size() if ready else 1
        if plan.compiled:  # fuses what lies between the matrix products: a fifth of a step
            for layer in self.language.model.layers:
                layer.compile(dynamic=False)
        adapters = [
            value for name, value in language.named_parameters() if name.endswith((".down", ".up"))
        ]
        self.optimiser = torch.optim.AdamW(
            [
                {"params": adapters, "rate": plan.rate},
                {"params": list(projector.parameters()), "rate": plan.projector_rate},
            ],
            betas=(0.9, 0.98),
            weight_decay=0.01,
        )

    def train(self, material: Material, folder: Path, report: Report) -> None:
        """Run the steps that are left; a checkpoint in ``folder`` every few minutes."""
        saved, began = time.monotonic(), time.monotonic()
        losses: list[float] = []
        while (progress := self.progress()) < 1:
            losses.append(self.advance(material, progress))
            if self.step % 10 == 0 and self.rank == 0:
                mean = sum(losses[-10:]) / len(losses[-10:])
                each = (time.monotonic() - began) / len(losses)
                report(f"step {self.step}, {progress:.0%}: loss {mean:.4f}, {each:.1f} s a step")
            if time.monotonic() - saved > self.plan.save_seconds:
                self.save(folder)
                saved = time.monotonic()
        self.save(folder)

    def progress(self) -> float:
        """Share of the run that is done, the same in every process."""
        if self.plan.minutes is None:
            return self.step / self.plan.steps
        seconds = torch.tensor(time.monotonic() - self.began)
        if self.world > 1:
            distributed.broadcast(seconds, 0)
        return float(seconds) / (60 * self.plan.minutes)

    def advance(self, material: Material, progress: float) -> float:
        """One step where ``progress`` (0..1) of the run is done; its loss."""
        chance = random.Random(f"{self.plan.seed} step {self.step}")
        shares = mixture(progress if self.plan.nouns_first else 1.0)
        kinds = chance.choices(KINDS, shares, k=self.plan.sequences)
        seeds = [chance.getrandbits(32) for _ in kinds]
        own = list(zip(kinds, seeds, strict=True))[self.rank :: self.world]
        drawn = [material.draw(kind, random.Random(seed)) for kind, seed in own]
        batch = collate(drawn, LONGEST)
        factor = schedule(self.step, progress, self.plan)
        for group in self.optimiser.param_groups:
            group["lr"] = group["rate"] * factor
        loss = self.loss(batch)
        self.optimiser.zero_grad()
        loss.backward()
        self._share_gradients()
        for group in self.optimiser.param_groups:
            torch.nn.utils.clip_grad_norm_(group["params"], 1.0)
        self.optimiser.step()
        self.step += 1
        return float(loss.detach())

    def _share_gradients(self) -> None:
        """Mean over the processes: one exchange a step, so that neither waits for long."""
        if self.world == 1:
            return
        gradients = [
            value.grad for group in self.optimiser.param_groups for value in group["params"]
        ]
        flat = torch.cat([gradient.flatten() for gradient in gradients if gradient is not None])
        distributed.all_reduce(flat)
        flat /= self.world
        at = 0
        for gradient in gradients:
            if gradient is not None:
                gradient.copy_(flat[at : at + gradient.numel()].view_as(gradient))
                at += gradient.numel()

    def loss(self, batch: Batch) -> Tensor:
        """Weighted mean cross-entropy of the answers' tokens."""
        images = [None if image is None else self.projector(image) for image in batch.images]
        seen = Batch(batch.tokens, batch.positions, batch.mask, batch.labels, batch.weights, images)
        hidden = self.language.model(
            inputs_embeds=embed(seen, self.language.model.embed_tokens, 3),
            position_ids=batch.positions,
            attention_mask=batch.mask,
            use_cache=False,
        ).last_hidden_state
        answered = batch.labels != IGNORED
        logits = self.language.lm_head(hidden[answered]).float()
        losses = functional.cross_entropy(logits, batch.labels[answered], reduction="none")
        weights = batch.weights[answered]
        return (losses * weights).sum() / weights.sum()

    def save(self, folder: Path) -> None:
        """Everything needed to go on, in one step that cannot be torn; one process writes it."""
        if self.rank:
            return
        folder.mkdir(parents=True, exist_ok=True)
        state: dict[str, Any] = {
            "step": self.step,
            "seconds": time.monotonic() - self.began,
            "plan": asdict(self.plan),
            "lora": lora_arrays(self.language),
            "projector": self.projector.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        partial = folder / "training.partial.pt"
        torch.save(state, partial)
        partial.replace(folder / "training.pt")
        kept = {"lora": state["lora"], "projector": state["projector"]}
        torch.save(kept, folder / f"snapshot-{self.step:06d}.pt")
        for old in sorted(folder.glob("snapshot-*.pt"))[:-SNAPSHOTS]:
            old.unlink()
        (folder / "plan.json").write_text(
            json.dumps({"step": self.step, **state["plan"]}, indent=1)
        )

    def resume(self, folder: Path) -> bool:
        """Go on from the checkpoint in ``folder``, if there is one."""
        path = folder / "training.pt"
        if not path.exists():
            return False
        state = torch.load(path, weights_only=True)
        load_lora(self.language, state["lora"])
        self.projector.load_state_dict(state["projector"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step = state["step"]
        self.began = time.monotonic() - state["seconds"]
        return True


def faster_dtype() -> torch.dtype:
    """bfloat16 where the processor multiplies it faster than float32 (AVX-512, AMX); elsewhere it
    is five times slower."""
    seconds = {}
    for dtype in (torch.bfloat16, torch.float32):
        rows, weight = torch.ones(512, 576, dtype=dtype), torch.ones(1536, 576, dtype=dtype)
        timer = Timer("linear(rows, weight)", globals=locals() | {"linear": functional.linear})
        seconds[min(timer.repeat(3, 2))] = dtype
    return seconds[min(seconds)]


def mixture(progress: float) -> list[float]:
    """Shares of the kinds of sequences when ``progress`` (0..1) of the run is done."""
    share = min(1.0, progress / TURNED)
    return [first + (last - first) * share for first, last in zip(FIRST, LAST, strict=True)]


def schedule(step: int, progress: float, plan: Plan) -> float:
    """Share of the highest rate: linear warm-up, level, and a linear fall to the end."""
    left = (1 - progress) / plan.falling
    return min(1.0, (step + 1) / plan.warmup, max(plan.floor, left))


def mean_snapshot(folder: Path) -> dict[str, dict[str, Tensor]]:
    """The mean of the last snapshots, steadier than any of them: "lora" and "projector"."""
    paths = sorted(folder.glob("snapshot-*.pt"))[-SNAPSHOTS:]
    states = [torch.load(path, weights_only=True) for path in paths]
    return {
        part: {
            name: torch.stack([state[part][name] for state in states]).mean(0)
            for name in states[0][part]
        }
        for part in states[0]
    }
