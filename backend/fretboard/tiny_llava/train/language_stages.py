"""Stage A: the decoder learns to answer truly. Stage B: appended layers learn the prior.

Stage B freezes all that stage A trained, the final norm and the unembedding included, and
trains only the appended decoder layers on prior-noisy captions among true answers. So *where*
a drawn colour can be overturned is decided here; *that* it happens comes from the text.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.nn import functional
from transformers import LlavaForConditionalGeneration

from fretboard.tiny_llava.model.architecture import (
    FINAL_LAYERS,
    STAGE_A_LAYERS,
    append_identity_layers,
    build_config,
    build_model,
)
from fretboard.tiny_llava.model.processing import build_tokenizer
from fretboard.tiny_llava.train.packing import DialoguePacker, packed_logits, seeded
from fretboard.tiny_llava.train.training import Losses, StagePlan, adamw, run_stage
from fretboard.tiny_llava.train.vision_stage import Eye
from fretboard.tiny_llava.world.dialogue import conversation
from fretboard.tiny_llava.world.scene import PLURAL, Scene, SceneMix, sample_scene
from fretboard.tiny_llava.world.scene_bank import ATTRIBUTES, SceneBank, draw_bank

BATCH = 24
TEXT_ONLY = 1  # conversations per batch that go without image, about typical scenes
TYPICAL = SceneMix(typical=1.0)


@dataclass(frozen=True)
class Stage:
    """What a language stage trains on and how fast."""

    name: str
    first_seed: int
    scenes: int
    mix: SceneMix
    prior_noise: bool
    rate: float
    detailed_share: float  # captions are learned long before colour questions
    task_weights: dict[str, float]  # of the loss, 1 where a task is missing


FIND_IT = {"color": 5.0, "position": 1.5}  # questions that first have to find their object
SAY_IT = {"caption": 3.0, "brief": 3.0, "color": 1.5}  # captions carry what stage B is for
CROWDED = (0.1, 0.45, 0.45)  # shares of one, two, three groups: to tell objects apart
STAGE_A = Stage("a", 30_000_000, 40_000, SceneMix(0.2, CROWDED), False, 1.5e-3, 0.4, FIND_IT)
STAGE_B = Stage("b", 50_000_000, 8_000, SceneMix(0.3, CROWDED), True, 2e-3, 0.7, SAY_IT)


def start_model(eye: Eye, packer: DialoguePacker, seed: int) -> LlavaForConditionalGeneration:
    """A stage A model that sees as ``eye`` does and whose words start at the eye's vectors.

    Vision is frozen from here on: the young decoder's gradients blur what it has learned.
    """
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
    freeze_vision(model)
    return model


def freeze_vision(model: LlavaForConditionalGeneration) -> None:
    """Leave tower and projector as the vision stage made them."""
    model.model.vision_tower.requires_grad_(False)
    model.model.multi_modal_projector.requires_grad_(False)


def train_stage(
    model: LlavaForConditionalGeneration,
    packer: DialoguePacker,
    stage: Stage,
    plan: StagePlan,
    checkpoint: Path,
    seed: int,
) -> None:
    """Train (or resume) the parameters of ``model`` that require gradients."""
    compile_layers(model)
    bank = draw_bank(stage.first_seed + seed * 1_000_000, stage.scenes, stage.mix, stage.name)
    trained = [p for p in model.parameters() if p.requires_grad]
    groups = [{"params": trained, "lr": stage.rate}]

    def loss_at(step: int) -> Losses:
        return language_loss(model, packer, bank, stage, seed, step)

    run_stage(model, adamw(groups), plan, loss_at, checkpoint)


def compile_layers(model: LlavaForConditionalGeneration) -> None:
    """Fuse each layer's small operations where a C++ compiler is at hand; names stay the same."""
    if shutil.which("g++") is None:
        return
    for layer in [*model.model.language_model.layers, *model.model.vision_tower.encoder.layers]:
        layer.compile(dynamic=False)


def language_loss(
    model: LlavaForConditionalGeneration,
    packer: DialoguePacker,
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
    said = [conversation(s, rng, stage.prior_noise, stage.detailed_share) for s in scenes]
    batch = packer.pack(said, sees, stage.task_weights)
    with torch.autocast("cpu", torch.bfloat16):
        tokens = _image_tokens(model, bank.pixels(rows, generator))
        logits = packed_logits(model, tokens, batch)
    loss = functional.cross_entropy(logits.float(), batch.targets, reduction="none")
    names: Losses = {"total": (loss * batch.weights).sum() / batch.weights.sum()}
    for name, word in (("yes", "Yes"), ("no", "No")):
        questions = batch.targets == packer.word_id(word)
        names[name] = loss[questions].mean()
    colors = torch.tensor([packer.word_id(color) for color in ATTRIBUTES["color"]])
    names["color"] = loss[torch.isin(batch.targets, colors)].mean()
    kinds = torch.tensor([packer.word_id(kind) for kind in ATTRIBUTES["kind"][:-1]])
    names["kind"] = loss[torch.isin(batch.targets, kinds)].mean()
    return names


@torch.no_grad()
def _image_tokens(model: LlavaForConditionalGeneration, pixels: torch.Tensor) -> torch.Tensor:
    """[n, patches, width] from the frozen tower."""
    states = model.model.vision_tower(pixels, output_hidden_states=True).hidden_states[-1]
    return model.model.multi_modal_projector(states[:, 1:])


def freeze_and_grow(model: LlavaForConditionalGeneration, seed: int, freeze: bool = True) -> None:
    """Append stage B's identity layers; without ``freeze`` the decoder below goes on learning."""
    model.requires_grad_(not freeze)
    freeze_vision(model)
    append_identity_layers(model, FINAL_LAYERS, seed)
    for layer in model.model.language_model.layers[STAGE_A_LAYERS:]:
        layer.requires_grad_(True)


def load_stage_a(checkpoint: Path, packer: DialoguePacker) -> LlavaForConditionalGeneration:
    """The model of a stage A checkpoint."""
    config = build_config(len(packer.tokenizer), packer.image_id, STAGE_A_LAYERS)
    model = build_model(config, 0)
    model.load_state_dict(torch.load(checkpoint, weights_only=True)["module"])
    return model


def new_packer() -> DialoguePacker:
    """A packer with the world's own tokenizer."""
    return DialoguePacker(build_tokenizer())
