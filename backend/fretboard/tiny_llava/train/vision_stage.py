"""Vision stage: the tower and the projector learn to say, patch by patch, what is there.

Each image token is pulled towards the word vectors of what its patch shows (kind, colour,
size, number, position, place), the same vectors the decoder later starts from. Colours are
almost decorrelated from kinds here: vision that learns "yellow, so banana" never recovers.
"""

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from fretboard.tiny_llava.model.architecture import EMBEDDING_STD, WIDTH, build_config, build_model
from fretboard.tiny_llava.train.training import Losses, StagePlan, adamw, run_stage
from fretboard.tiny_llava.world.scene import SceneMix
from fretboard.tiny_llava.world.scene_bank import ATTRIBUTES, IGNORED, SceneBank, draw_bank

MIX = SceneMix(typical=0.10, counts=(0.25, 0.4, 0.35), several=0.25)
WEIGHTS = {"kind": 1.0, "color": 1.0, "size": 0.4, "number": 0.4, "position": 0.4, "place": 0.15}
BATCH = 64
SCENES = 48_000
RATE = 1.0e-3
TRAIN_SEED = 10_000_000  # scenes of different stages never share a seed
TEST_SEED = 20_000_000


class Eye(nn.Module):
    """CLIP tower, projector and the word vectors that image tokens are aligned with."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        model = build_model(build_config(64, 3, layers=1), seed)
        self.tower = model.model.vision_tower
        self.projector = model.model.multi_modal_projector
        self.words = nn.ParameterDict(
            {a: nn.Parameter(torch.randn(len(w), WIDTH)) for a, w in ATTRIBUTES.items()}
        )
        self.sharpness = nn.Parameter(torch.full((len(ATTRIBUTES),), 20.0))

    def image_tokens(self, pixels: torch.Tensor) -> torch.Tensor:
        """[n, patches, width]: what the decoder will read for each patch."""
        states = self.tower(pixels, output_hidden_states=True).hidden_states[-1][:, 1:]
        return self.projector(states)

    def word_vectors(self) -> dict[str, torch.Tensor]:
        """Each word's vector [width] at the decoder's embedding scale."""
        return {
            word: functional.normalize(self.words[name][i], dim=0) * EMBEDDING_STD * WIDTH**0.5
            for name, words in ATTRIBUTES.items()
            for i, word in enumerate(words)
        }

    def logits(self, tokens: torch.Tensor) -> dict[str, torch.Tensor]:
        """Per attribute [n, patches, words]: scaled cosine to each word."""
        unit = functional.normalize(tokens.float(), dim=-1)
        return {
            name: self.sharpness[i] * unit @ functional.normalize(self.words[name], dim=-1).T
            for i, name in enumerate(ATTRIBUTES)
        }


def patch_loss(eye: Eye, pixels: torch.Tensor, labels: torch.Tensor) -> Losses:
    """Cross-entropies of all attributes; labels int64 [n, patches, attributes]."""
    with torch.autocast("cpu", torch.bfloat16):
        tokens = eye.image_tokens(pixels)
    return aligned_loss(eye, tokens, labels)


def aligned_loss(eye: Eye, tokens: torch.Tensor, labels: torch.Tensor) -> Losses:
    """How far image tokens [n, patches, width] are from the words of their patches."""
    losses: Losses = {"total": torch.zeros(())}
    for i, (name, logits) in enumerate(eye.logits(tokens).items()):
        loss = functional.cross_entropy(
            logits.flatten(0, 1), labels[..., i].flatten(), ignore_index=IGNORED
        )
        losses["total"] = losses["total"] + WEIGHTS[name] * loss
        losses[name] = loss
    scale = tokens.float().pow(2).mean(-1).add(1e-6).log() / 2 - np.log(EMBEDDING_STD)
    losses["total"] = losses["total"] + 0.05 * scale.pow(2).mean()
    return losses


def train_vision(folder: Path, seed: int, steps: int) -> Eye:
    """Train (or resume) the vision stage; its checkpoint is ``folder/vision.pt``."""
    bank = draw_bank(TRAIN_SEED + seed * 1_000_000, SCENES, MIX, "vision scenes")
    test = draw_bank(TEST_SEED, 512, MIX, "held out")
    eye = Eye(seed)
    optimizer = adamw([{"params": list(eye.parameters()), "lr": RATE}], betas=(0.9, 0.98))

    def loss_at(step: int) -> Losses:
        generator = torch.Generator().manual_seed(seed * 1_000_003 + step)
        rows = torch.randint(len(bank.scenes), (BATCH,), generator=generator).numpy()
        labels = torch.from_numpy(bank.labels[rows]).long()
        return patch_loss(eye, bank.pixels(rows, generator), labels)

    plan = StagePlan(steps=steps, warmup=100)
    run_stage(
        eye, optimizer, plan, loss_at, folder / "vision.pt",
        on_save=lambda step: print(step, patch_accuracy(eye, test), flush=True),
    )  # fmt: skip
    return eye


@torch.no_grad()
def patch_accuracy(eye: Eye, bank: SceneBank) -> dict[str, float]:
    """Held-out accuracy per attribute over the patches where it is defined."""
    tokens = eye.image_tokens(bank.pixels(np.arange(len(bank.scenes))))
    labels = torch.from_numpy(bank.labels).long()
    labels[..., 0][labels[..., 0] == len(ATTRIBUTES["kind"]) - 1] = IGNORED  # objects only
    accuracy = {}
    for i, (name, logits) in enumerate(eye.logits(tokens).items()):
        known = labels[..., i] != IGNORED
        right = logits.argmax(-1)[known] == labels[..., i][known]
        accuracy[name] = round(float(right.float().mean()), 4)
    return accuracy
