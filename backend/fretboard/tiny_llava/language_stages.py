"""Stage A: everything learns to answer truly. Stage B: appended layers learn the prior.

Stage B freezes all that stage A trained, the final norm and the unembedding included, and
trains only the appended decoder layers on prior-noisy captions among true answers. So *where*
a drawn colour can be overturned is decided here; *that* it happens comes from the text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch.nn import functional
from transformers import LlavaForConditionalGeneration

from .architecture import (
    FINAL_LAYERS,
    STAGE_A_LAYERS,
    append_identity_layers,
    build_config,
    build_model,
)
from .dialogue import conversation
from .packing import Packer, packed_logits, seeded
from .processing import build_tokenizer
from .scene_bank import ATTRIBUTES, SceneBank, draw_bank
from .training import Losses, Plan, adamw, run_stage
from .vision_stage import Eye, aligned_loss
from .world import PLURAL, Mix, Scene, sample_scene

BATCH = 16
TEXT_ONLY = 1  # conversations per batch that go without image, about typical scenes
TYPICAL = Mix(typical=1.0)


@dataclass(frozen=True)
class Stage:
    """What a language stage trains on and how fast."""

    name: str
    first_seed: int
    scenes: int
    mix: Mix
    prior_noise: bool
    rate: float
    vision_rate: float
    patch_weight: float = 0.0  # of the vision stage's loss, so that sight goes on improving

    def with_rates(self, rate: float, vision_rate: float) -> Stage:
        """The same stage at other learning rates."""
        return replace(self, rate=rate, vision_rate=vision_rate)


STAGE_A = Stage("a", 30_000_000, 40_000, Mix(typical=0.25), False, 1.5e-3, 4e-4, 0.3)
STAGE_B = Stage("b", 50_000_000, 12_000, Mix(typical=0.35), True, 2e-3, 0.0)


def start_model(eye: Eye, packer: Packer, seed: int) -> LlavaForConditionalGeneration:
    """A stage A model that sees as ``eye`` does and whose words start at the eye's vectors."""
    config = build_config(len(packer.tokenizer), packer.image_id, STAGE_A_LAYERS)
    model = build_model(config, seed)
    model.model.vision_tower.load_state_dict(eye.tower.state_dict())
    model.model.multi_modal_projector.load_state_dict(eye.projector.state_dict())
    table, head = model.model.language_model.embed_tokens.weight, model.lm_head.weight
    with torch.no_grad():
        plural = torch.randn(table.shape[1]) * table.std()
        for word, vector in eye.word_vectors().items():
            if word in ATTRIBUTES["kind"][-1:]:
                continue
            table[packer.word_id(word)] = vector
            if PLURAL.get(word, word) != word:
                table[packer.word_id(PLURAL[word])] = vector + 0.5 * plural
        head.copy_(0.5 * table)
    return model


def train_stage(
    model: LlavaForConditionalGeneration,
    eye: Eye,
    packer: Packer,
    stage: Stage,
    plan: Plan,
    checkpoint: Path,
    seed: int,
    on_save: Callable[[int], None] | None = None,
) -> None:
    """Train (or resume) the parameters of ``model`` that require gradients.

    ``eye`` lends its word vectors, which stay as the vision stage left them.
    """
    bank = draw_bank(stage.first_seed + seed * 1_000_000, stage.scenes, stage.mix, stage.name)
    seeing = [p for n, p in model.named_parameters() if p.requires_grad and _is_vision(n)]
    speaking = [p for n, p in model.named_parameters() if p.requires_grad and not _is_vision(n)]
    groups = [{"params": speaking, "lr": stage.rate}]
    if seeing:
        groups.append({"params": seeing, "lr": stage.vision_rate})

    def loss_at(step: int) -> Losses:
        return language_loss(model, eye, packer, bank, stage, seed, step)

    run_stage(model, adamw(groups), plan, loss_at, checkpoint, on_save)


def language_loss(
    model: LlavaForConditionalGeneration,
    eye: Eye,
    packer: Packer,
    bank: SceneBank,
    stage: Stage,
    seed: int,
    step: int,
) -> Losses:
    """Weighted cross-entropy of the answers of one packed batch."""
    rng = seeded(seed, step)
    generator = torch.Generator().manual_seed(seed * 1_000_003 + step)
    rows = torch.randint(len(bank.scenes), (BATCH,), generator=generator).numpy()
    scenes: list[Scene] = [bank.scenes[row] for row in rows]
    sees = [True] * (BATCH - TEXT_ONLY) + [False] * TEXT_ONLY
    scenes[-TEXT_ONLY:] = [sample_scene(rng.randrange(10**6), TYPICAL) for _ in range(TEXT_ONLY)]
    batch = packer.pack([conversation(s, rng, stage.prior_noise) for s in scenes], sees)
    with torch.autocast("cpu", torch.bfloat16):
        tokens = _image_tokens(model, bank.pixels(rows, generator))
        logits = packed_logits(model, tokens, batch)
    loss = functional.cross_entropy(logits.float(), batch.targets, reduction="none")
    names: Losses = {"total": (loss * batch.weights).sum() / batch.weights.sum()}
    for name, word in (("yes", "Yes"), ("no", "No")):
        asked = batch.targets == packer.word_id(word)
        names[name] = loss[asked].mean()
    colors = torch.tensor([packer.word_id(color) for color in ATTRIBUTES["color"]])
    names["color"] = loss[torch.isin(batch.targets, colors)].mean()
    kinds = torch.tensor([packer.word_id(kind) for kind in ATTRIBUTES["kind"][:-1]])
    names["kind"] = loss[torch.isin(batch.targets, kinds)].mean()
    if stage.patch_weight:
        labels = torch.from_numpy(bank.labels[rows]).long()
        names["patch"] = aligned_loss(eye, tokens, labels)["total"]
        names["total"] = names["total"] + stage.patch_weight * names["patch"]
    return names


def _image_tokens(model: LlavaForConditionalGeneration, pixels: torch.Tensor) -> torch.Tensor:
    """[n, patches, width], without gradients where vision is frozen."""
    tower = model.model.vision_tower
    with torch.set_grad_enabled(next(tower.parameters()).requires_grad):
        states = tower(pixels, output_hidden_states=True).hidden_states[-1][:, 1:]
        return model.model.multi_modal_projector(states)


def _is_vision(name: str) -> bool:
    return "vision_tower" in name or "multi_modal_projector" in name


def freeze_and_grow(model: LlavaForConditionalGeneration, seed: int, freeze: bool = True) -> None:
    """Append stage B's identity layers; all else is frozen unless ``freeze`` is False."""
    model.requires_grad_(not freeze)
    append_identity_layers(model, FINAL_LAYERS, seed)
    for layer in model.model.language_model.layers[STAGE_A_LAYERS:]:
        layer.requires_grad_(True)


def load_stage_a(checkpoint: Path, packer: Packer) -> LlavaForConditionalGeneration:
    """The model of a stage A checkpoint."""
    config = build_config(len(packer.tokenizer), packer.image_id, STAGE_A_LAYERS)
    model = build_model(config, 0)
    model.load_state_dict(torch.load(checkpoint, weights_only=True)["module"])
    return model


def new_packer() -> Packer:
    """A packer with the world's own tokenizer."""
    return Packer(build_tokenizer())
