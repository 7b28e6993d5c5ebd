"""Prompt and image → the tensors a model takes, through its own chat template and processor."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from PIL import Image
from torch import Tensor

from fretboard.core.errors import InputError
from fretboard.model.anatomy import input_device
from fretboard.model.checkpoint import Checkpoint
from fretboard.model.encoding import encode, refuse_markers
from fretboard.model.limits import check_picture, check_words

# PaliGemma's processor always makes the labels of a training step too.
NOT_FOR_GENERATION = frozenset({"labels"})


@dataclass(frozen=True)
class Inputs:
    """Model tensors for one prompt, and the token ids to force (a given answer) or None."""

    tensors: dict[str, Tensor]
    forced: tuple[int, ...] | None

    @property
    def rows(self) -> int:
        """Rows of the batch: one, or more where a repair decodes beside it."""
        return int(self.tensors["input_ids"].shape[0])

    @property
    def prompt_tokens(self) -> int:
        """Length of the prompt in positions, image positions included."""
        return int(self.tensors["input_ids"].shape[1])


def build_inputs(
    checkpoint: Checkpoint, prompt: str, image: Image.Image | None, continuation: str | None
) -> Inputs:
    """Tokenise one user turn. Raises InputError for what this model cannot be asked."""
    if image is not None and checkpoint.processor is None:
        raise InputError("This model reads text only. Send the prompt without an image.")
    refuse_markers(checkpoint, prompt)
    tensors = dict(encode(checkpoint, prompt, image))
    device = input_device(checkpoint.model)
    on_device = {
        name: value.to(device)
        for name, value in tensors.items()
        if isinstance(value, Tensor) and name not in NOT_FOR_GENERATION
    }
    inputs = Inputs(on_device, _forced(checkpoint, continuation))
    check_words(checkpoint, on_device["input_ids"][0].tolist(), "prompt")
    check_words(checkpoint, inputs.forced or (), "continuation")
    if image is not None:
        check_picture(checkpoint, len(image_positions(checkpoint, inputs)), image)
    return inputs


def image_positions(checkpoint: Checkpoint, inputs: Inputs) -> Tensor:
    """Indices of the prompt positions that hold image features.

    Empty for text alone, and where the image comes in by cross-attention.
    """
    ids = inputs.tensors["input_ids"][0]
    token_id = checkpoint.anatomy.image_token_id
    if token_id is None or checkpoint.anatomy.cross_attention:
        return torch.empty(0, dtype=torch.long, device=ids.device)
    return (ids == token_id).nonzero().flatten()


def lengthened(checkpoint: Checkpoint, inputs: Inputs, emitted: Sequence[int]) -> dict[str, Tensor]:
    """The tensors of one pass over prompt and emitted tokens. Raises InputError for a marker."""
    if checkpoint.anatomy.image_token_id in emitted:
        raise InputError(
            "The answer holds the model's own image marker, which in one pass would ask for "
            "another image. Shorten the answer, or give a continuation without it."
        )
    numbers = inputs.tensors["input_ids"]
    more = torch.tensor([list(emitted)], dtype=numbers.dtype, device=numbers.device)
    return {
        name: _continued(name, value, more, inputs.prompt_tokens)
        for name, value in inputs.tensors.items()
    }


def compatible(left: Inputs, right: Inputs) -> bool:
    """Whether both can be rows of one batch: images of equal shape, or no images."""
    return _media(left) == _media(right)


def _media(inputs: Inputs) -> dict[str, tuple[int, ...] | None]:
    """What is not told per position, with its shape but for the row."""
    return {
        name: None if _per_position(name, value, inputs.prompt_tokens) else tuple(value.shape[1:])
        for name, value in inputs.tensors.items()
    }


def side_by_side(checkpoint: Checkpoint, batch: Sequence[Inputs]) -> dict[str, Tensor]:
    """Rows of one batch; shorter prompts are padded on the left, where the mask is 0."""
    if len(batch) == 1:
        return batch[0].tensors
    longest = max(inputs.prompt_tokens for inputs in batch)
    # Any token but the image's: the mask hides it.
    filler = int(checkpoint.anatomy.image_token_id == 0)
    return {
        name: torch.cat([_padded(inputs, name, longest, filler) for inputs in batch])
        for name in batch[0].tensors
    }


def _padded(inputs: Inputs, name: str, length: int, filler: int) -> Tensor:
    value = inputs.tensors[name]
    missing = length - inputs.prompt_tokens
    if not missing or not _per_position(name, value, inputs.prompt_tokens):
        return value
    before = torch.zeros_like(value[:, :1]).expand(-1, missing, *value.shape[2:])
    return torch.cat([before + (filler if name == "input_ids" else 0), value], dim=1)


def _per_position(name: str, value: Tensor, prompt: int) -> bool:
    """Whether a tensor (rows, positions, …) tells of each position of the prompt."""
    if name == "cross_attention_mask":
        return True
    return value.ndim == 2 and value.shape[1] == prompt and not value.is_floating_point()


def _continued(name: str, value: Tensor, more: Tensor, prompt: int) -> Tensor:
    """What tells of each position, continued over the answer as plain text."""
    if name == "input_ids":
        return torch.cat([value, more], dim=1)
    if name == "cross_attention_mask":
        return torch.cat([value, value[:, -1:].expand(-1, more.shape[1], -1, -1)], dim=1)
    if not _per_position(name, value, prompt):
        return value
    ones = name == "attention_mask" or _prefix_lm(name, value)
    return torch.cat([value, torch.full_like(more, int(ones)).to(value.dtype)], dim=1)


def _prefix_lm(name: str, value: Tensor) -> bool:
    """PaliGemma: 0 = the prefix, which sees itself both ways; 1 = what follows it."""
    return name == "token_type_ids" and not bool(value.any())


def _forced(checkpoint: Checkpoint, continuation: str | None) -> tuple[int, ...] | None:
    if continuation is None:
        return None
    ids = checkpoint.tokenizer(continuation, add_special_tokens=False)["input_ids"]
    if not ids:
        raise InputError("The continuation is empty. Give the answer to analyse, or leave it out.")
    return tuple(int(token_id) for token_id in ids)
