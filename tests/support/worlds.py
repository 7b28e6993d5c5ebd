"""Tiny random models whose causal truth is known by construction, and their runs."""

import hashlib

import numpy as np
import torch
from PIL import Image

from fretboard.engine.causal.forced import answer
from fretboard.model.checkpoint import assemble
from fretboard.model.inputs import Inputs, build_inputs
from tests.support.random_data import fresh
from tests.support.tiny_families import TOKENIZER
from tests.support.tiny_models import make_llava
from tests.support.tiny_other_families import OTHERS

LAYERS = 4
PROMPT = "what colour of the cat"
FAMILIES = {family.name: family for family in OTHERS}


def seed():
    """A new one each time."""
    return int(fresh().integers(10**6))


def normal(shape):
    """New noise each time."""
    return torch.from_numpy(fresh().standard_normal(shape, np.float32))


def llava(seed, only=None):
    """A random LLaVA; with `only`, no other layer changes the residual stream."""
    model, processor = make_llava(LAYERS, seed)
    for index, layer in enumerate(model.model.language_model.layers):
        if only is not None and index != only:
            layer.self_attn.o_proj.weight.data.zero_()
            layer.mlp.down_proj.weight.data.zero_()
    return assemble(model, processor, processor.tokenizer)


def noise(size=(24, 24)):
    pixels = fresh().integers(0, 255, (*size, 3), np.uint8)
    return Image.fromarray(pixels)


def asked(checkpoint, image, said="red dog on grass"):
    """A run of a given answer: fresh noise and a fixed text."""
    return answer(checkpoint, build_inputs(checkpoint, PROMPT, image, said), 1)


def of_family(family, pixels=None, emitted=(5, 9, 33, 12)):
    """A run of a family from the contract's table, with its own inputs (or other pixels)."""
    checkpoint = assemble(family.make(), None, TOKENIZER)
    tensors = family.inputs(bool(family.image))
    if pixels is not None:
        tensors["pixel_values"] = pixels
    return answer(checkpoint, Inputs(tensors, tuple(emitted)), 1)


def digest(model):
    """Of every parameter and buffer, bit by bit."""
    found = hashlib.sha256()
    for name, value in sorted(model.state_dict().items()):
        found.update(name.encode() + value.contiguous().numpy().tobytes())
    return found.hexdigest()


def hooks(model):
    """Every hook and replaced forward in the model; some families keep hooks of their own."""
    return [
        (name, kind, key)
        for name, module in model.named_modules()
        for kind, kept in (
            ("after", module._forward_hooks),
            ("before", module._forward_pre_hooks),
            ("own", {"forward": None} if "forward" in module.__dict__ else {}),
        )
        for key in kept
    ]
