"""A model that the caller holds: taken as it is, known by what its weights are."""

import hashlib
from typing import Any

import torch
from torch import Tensor

from fretboard.model.checkpoint import Checkpoint, assemble

SAMPLED = 64  # elements of each tensor that are hashed beside their sum
_WHOLE = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}


def from_objects(model: Any, processor: Any) -> Checkpoint:
    """processor: with its tokenizer, or the tokenizer alone of a model that takes no images.

    The model is put into evaluation; it decodes greedily and asks for no gradients from now on.
    Raises UnsupportedModel where it cannot be read by this instrument.
    """
    tokenizer = getattr(processor, "tokenizer", None)
    parts = (processor, tokenizer) if tokenizer is not None else (None, processor)
    checkpoint = assemble(model.eval(), *parts)
    _ = checkpoint.turn, checkpoint.tokenizer_json  # refused here, not in a run
    return checkpoint


def weights_digest(checkpoint: Checkpoint) -> str:
    """32 hex digits over the tokenizer and every tensor: its sum as whole numbers, and samples."""
    digest = hashlib.sha256(checkpoint.tokenizer_json.encode())
    for name, tensor in sorted(checkpoint.model.state_dict().items()):
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(str(_fingerprint(tensor)).encode())
    return digest.hexdigest()[:32]


def _fingerprint(tensor: Tensor) -> list[int]:
    """Of the bits: the sum of floats would depend on the device."""
    flat = tensor.detach().reshape(-1)
    if flat.is_complex() or flat.dtype is torch.bool:
        flat = flat.cpu().view(torch.uint8)
    bits = flat.view(_WHOLE[flat.element_size()])
    step = max(1, bits.numel() // SAMPLED)
    return [int(bits.sum(dtype=torch.int64)), *bits[::step].tolist()]
