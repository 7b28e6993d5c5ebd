"""Packed training sequences: one picture, then several independent exchanges about it.

Every exchange sees the picture and itself, and its positions begin behind the picture, so each
is trained exactly as it is asked in use, and the picture costs only once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer
from torch import Tensor

from .questions import Exchange

CONTENT = 3.0  # weight of what was seen against 1 for the other words of an answer
IGNORED = -100
IMAGE_TOKEN = "<image>"
START, BETWEEN, END = "<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n", "<|im_end|>"


@dataclass(frozen=True, slots=True)
class Packed:
    """One sequence: tokens with the picture's left at 0, and what each position counts."""

    tokens: list[int]
    positions: list[int]
    segments: list[int]  # 0 the picture, then the exchanges
    labels: list[int]
    weights: list[float]
    image: Tensor | None  # cells x width, what the projector made of them


@dataclass(frozen=True, slots=True)
class Batch:
    """Sequences padded to one length."""

    tokens: Tensor
    positions: Tensor
    mask: Tensor  # (n, 1, length, length), True where a position sees another
    labels: Tensor
    weights: Tensor
    images: list[Tensor | None]


class Packer:
    """Packs exchanges with the checkpoint's own template."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self.start, self._between, self._end = map(self._encode, (START, BETWEEN, END))

    def _encode(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def pack(self, image: Tensor | None, exchanges: Sequence[Exchange], longest: int) -> Packed:
        """As many of the exchanges as fit into ``longest`` tokens."""
        tokens = [*self.start, *([0] * (0 if image is None else len(image)))]
        before = len(tokens)
        packed = Packed(
            tokens, list(range(before)), [0] * before, [IGNORED] * before, [0.0] * before, image
        )
        for number, exchange in enumerate(exchanges, 1):
            question = [*self._encode(exchange.question), *self._between]
            answer, weights = self._answer(exchange)
            block = [*question, *answer]
            if len(packed.tokens) + len(block) > longest:
                break
            packed.tokens.extend(block)
            packed.positions.extend(range(before, before + len(block)))
            packed.segments.extend([number] * len(block))
            # A position's label is the token behind it; the last of a block has none.
            packed.labels.extend([*[IGNORED] * (len(question) - 1), *answer, IGNORED])
            packed.weights.extend([*[0.0] * (len(question) - 1), *weights, 0.0])
        return packed

    def _answer(self, exchange: Exchange) -> tuple[list[int], list[float]]:
        encoded = self._tokenizer.encode(exchange.answer, add_special_tokens=False)
        spans = []
        for word in exchange.content:
            at = exchange.answer.find(word)
            spans.append((at, at + len(word)))
        weights = [
            CONTENT if any(low < end and high > start for start, end in spans) else 1.0
            for low, high in encoded.offsets
        ]
        return [*encoded.ids, *self._end], [*weights, 1.0]


def collate(sequences: Sequence[Packed], length: int) -> Batch:
    """Pad to one length; a padded position sees only itself."""

    def padded(rows: Sequence[Sequence[float]], fill: float, dtype: torch.dtype) -> Tensor:
        return torch.tensor([[*row, *[fill] * (length - len(row))] for row in rows], dtype=dtype)

    segments = padded([packed.segments for packed in sequences], -1, torch.long)
    earlier = torch.ones(length, length, dtype=torch.bool).tril()
    same = segments[:, :, None] == segments[:, None, :]
    real = segments[:, :, None] >= 0
    mask = (
        earlier
        & (same | ((segments[:, None, :] == 0) & real))
        & (real | torch.eye(length, dtype=torch.bool))
    )
    return Batch(
        padded([packed.tokens for packed in sequences], 2, torch.long),
        padded([packed.positions for packed in sequences], 0, torch.long),
        mask[:, None],
        padded([packed.labels for packed in sequences], IGNORED, torch.long),
        padded([packed.weights for packed in sequences], 0.0, torch.float32),
        [packed.image for packed in sequences],
    )


def embed(batch: Batch, embedding: torch.nn.Embedding, before: int) -> Tensor:
    """Input vectors of a batch: words, and behind ``before`` of them the picture's vectors."""
    vectors = embedding(batch.tokens).detach().clone()
    rows = [row for row, image in enumerate(batch.images) if image is not None]
    if rows:
        images = torch.stack([image for image in batch.images if image is not None]).to(
            vectors.dtype
        )
        cells = torch.arange(before, before + images.shape[1])
        vectors = vectors.index_put((torch.tensor(rows)[:, None], cells[None]), images)
    return vectors
