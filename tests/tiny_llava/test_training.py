"""Packing leaks nothing, growing changes nothing, and a resumed run ends where it would have."""

import random
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from fretboard.tiny_llava.model.architecture import IMAGE_TOKENS, append_identity_layers
from fretboard.tiny_llava.train.language_stages import new_packer, start_model
from fretboard.tiny_llava.train.packing import LENGTH, PREFIX, DialoguePacker, packed_logits
from fretboard.tiny_llava.train.training import StagePlan, adamw, run_stage
from fretboard.tiny_llava.train.vision_stage import Eye
from fretboard.tiny_llava.world.dialogue import conversation, prompt_text
from fretboard.tiny_llava.world.scene import SceneMix
from fretboard.tiny_llava.world.scene_bank import draw_bank


@pytest.fixture(scope="module")
def packer() -> DialoguePacker:
    return new_packer()


@torch.no_grad()
def test_packed_logits_equal_those_of_each_question_alone(packer: DialoguePacker) -> None:
    model = start_model(Eye(0), packer, seed=0).eval()
    bank = draw_bank(0, 3, SceneMix())
    sees = [True, True, False]
    pixels = bank.pixels(np.arange(3))
    conversations = [conversation(scene, random.Random(1)) for scene in bank.scenes]
    batch = packer.pack(conversations, sees)
    tokens = model.model.get_image_features(pixels).pooler_output
    packed = packed_logits(model, torch.stack(list(tokens)), batch)
    cursor = 0
    for row, exchanges in enumerate(conversations):
        used = PREFIX
        for exchange in exchanges:
            block, asked = packer.block(exchange.question, exchange.answer, sees[row])
            if used + len(block) - 1 > LENGTH:
                continue
            used += len(block) - 1
            said = len(block) - asked
            text = f"{prompt_text(exchange.question, sees[row])} {exchange.answer}"
            text = text.replace("<image>", "<image>" * IMAGE_TOKENS)
            ids = packer.tokenizer(text, return_tensors="pt")["input_ids"]
            image = pixels[row : row + 1] if sees[row] else None
            alone = model(input_ids=ids, pixel_values=image).logits[0, -said:]
            torch.testing.assert_close(packed[cursor : cursor + said], alone, atol=1e-4, rtol=0)
            cursor += said
    assert cursor == len(batch.targets)


@torch.no_grad()
def test_appended_layers_change_no_logit(packer: DialoguePacker) -> None:
    model = start_model(Eye(0), packer, seed=0).eval()
    ids = packer.tokenizer(prompt_text("Where is this?", False), return_tensors="pt")["input_ids"]
    before = model(input_ids=ids).logits
    append_identity_layers(model, 12, seed=1)
    assert model.config.text_config.num_hidden_layers == 12
    torch.testing.assert_close(model(input_ids=ids).logits, before)


def run_micro(checkpoint: Path, stop_after: int | None) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    module = nn.Linear(4, 2)
    optimizer = adamw([{"params": list(module.parameters()), "lr": 0.1}])

    def loss_at(step: int) -> dict[str, torch.Tensor]:
        inputs = torch.randn(8, 4, generator=torch.Generator().manual_seed(step))
        return {"total": (module(inputs) - inputs[:, :2]).pow(2).mean()}

    plan = StagePlan(steps=12, warmup=3, save_every=5)
    run_stage(module, optimizer, plan, loss_at, checkpoint, stop_after=stop_after)
    return module.state_dict()


def test_a_resumed_run_ends_in_the_same_state(tmp_path: Path) -> None:
    whole = run_micro(tmp_path / "whole.pt", None)
    run_micro(tmp_path / "parts.pt", 7)
    resumed = run_micro(tmp_path / "parts.pt", None)
    for name, value in whole.items():
        assert torch.equal(value, resumed[name])
