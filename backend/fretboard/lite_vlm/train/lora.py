"""Low-rank adapters on every linear layer of the language model."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import LlamaForCausalLM

from ..checkpoint.assembly import LORA_SCALE as SCALE

RANK = 16
Arrays = dict[str, Tensor]


class LoraLinear(nn.Module):
    """A frozen linear layer and what is learned beside it: W x + SCALE * up(down(x))."""

    def __init__(self, base: nn.Linear, generator: torch.Generator) -> None:
        super().__init__()
        self.base = base
        bound = 1 / math.sqrt(base.in_features)
        down = torch.empty(RANK, base.in_features).uniform_(-bound, bound, generator=generator)
        self.down = nn.Parameter(down)
        self.up = nn.Parameter(torch.zeros(base.out_features, RANK))

    def forward(self, inputs: Tensor) -> Tensor:
        """Of inputs (..., in_features)."""
        low = functional.linear(inputs, self.down.to(inputs.dtype))
        return self.base(inputs) + functional.linear(low, (SCALE * self.up).to(inputs.dtype))


def add_lora(model: LlamaForCausalLM, seed: int) -> None:
    """Replace every linear layer of the decoder by one with an adapter; the rest is frozen."""
    model.requires_grad_(False)
    generator = torch.Generator().manual_seed(seed)
    for layer in model.model.layers:
        for part in (layer.self_attn, layer.mlp):
            for name, child in list(part.named_children()):
                if isinstance(child, nn.Linear):
                    setattr(part, name, LoraLinear(child, generator))


def lora_arrays(model: LlamaForCausalLM) -> Arrays:
    """Every adapter under the name of its layer: "layers.0.self_attn.q_proj.down", ".up"."""
    return {
        f"{name}.{side}": getattr(module, side).detach()
        for name, module in model.model.named_modules()
        if isinstance(module, LoraLinear)
        for side in ("down", "up")
    }


def load_lora(model: LlamaForCausalLM, arrays: Arrays) -> None:
    """Put saved adapters into the model."""
    with torch.no_grad():
        for name, array in lora_arrays(model).items():
            array.copy_(arrays[name])
