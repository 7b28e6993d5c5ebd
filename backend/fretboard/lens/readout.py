"""Hidden states → probability, rank, entropy, top-k and divergence per depth and token.

A lens is given the model's own final norm and unembedding as functions, so that this room knows
no model. Memory: a few tokens × depths × vocabulary at a time, whatever the answer's length.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from fretboard.lens.divergence import adjacent, jensen_shannon

# Float32 cells (token × depth × vocabulary) of one step: 16 tokens of LLaVA-1.5, 68 MB.
CELLS_AT_ONCE = 17_000_000
# Of those, what one matrix product makes: 32 MB. Larger products are faster still, but what glibc
# keeps of freed blocks then comes near 300 MB (docs/benchmarks.md).
CELLS_OF_A_PRODUCT = 8_000_000
LOWEST = torch.finfo(torch.float32).min


class VocabularyLens(Protocol):
    """A distribution over V words for every state."""

    @property
    def vocabulary(self) -> int:
        """V."""

    def log_probabilities(self, states: Tensor) -> Tensor:
        """(L+1, …, width) pre-norm → (L+1, …, V) float32; the first axis is depth."""

    def logits(self, states: Tensor) -> Iterator[Tensor]:
        """(L+1, tokens, width) pre-norm → depth by depth (tokens, V) float32, the caller's own.

        A row is to be used before the next is asked for: that is what bounds the memory.
        """


@dataclass(frozen=True)
class LogitLens:
    """`normed`: tail(W_U·N(h)) at every depth; `raw`: no norm at depths 0…L−1 (METHOD: Lens).

    final_norm: (…, width) → (…, width); unembed: (…, width) → logits (…, V), tail included;
    vocabulary: V. translate: what a fitted lens makes of the states before the norm.
    """

    final_norm: Callable[[Tensor], Tensor]
    unembed: Callable[[Tensor], Tensor]
    vocabulary: int
    raw: bool = False
    translate: Callable[[Tensor], Tensor] | None = None

    def log_probabilities(self, states: Tensor) -> Tensor:
        """See VocabularyLens."""
        return torch.log_softmax(self.unembed(self._normed(states)).float(), dim=-1)

    def logits(self, states: Tensor) -> Iterator[Tensor]:
        """See VocabularyLens."""
        normed = self._normed(states)
        size = max(1, CELLS_OF_A_PRODUCT // (states.shape[1] * self.vocabulary))
        for block in normed.chunk(math.ceil(len(normed) / size)):
            yield from self.unembed(block).float()

    def _normed(self, states: Tensor) -> Tensor:
        if self.translate is not None:
            states = self.translate(states)
        if not self.raw:
            return self.final_norm(states)
        normed_last = self.final_norm(states[-1:])
        return torch.cat([states[:-1].to(normed_last), normed_last])


@dataclass(frozen=True)
class Readout:
    """Arrays of some tokens, as the catalogue in `document` describes them."""

    probability: np.ndarray
    log_probability: np.ndarray
    rank: np.ndarray
    entropy: np.ndarray
    jsd: np.ndarray
    top_ids: np.ndarray
    top_probabilities: np.ndarray

    def arrays(self) -> dict[str, np.ndarray]:
        """By catalogue name."""
        return dict(vars(self))


def tokens_at_once(depths: int, vocabulary: int) -> int:
    """How many tokens one readout may take within the memory bound, at least one."""
    return max(1, CELLS_AT_ONCE // (depths * vocabulary))


@torch.inference_mode()
def read_out(lens: VocabularyLens, states: Tensor, emitted: Tensor, top_k: int) -> Readout:
    """Read (L+1, tokens, width) hidden states; `emitted` (tokens,) int64 are the emitted ids."""
    if states.ndim != 3 or emitted.shape != (states.shape[1],):
        raise ValueError(
            f"states {tuple(states.shape)} and emitted {tuple(emitted.shape)} do not fit: expected "
            "(depth, token, width) and (token,)."
        )
    chunks = [
        _read_chunk(lens, states[:, part], emitted[part], top_k) for part in _parts(lens, states)
    ]
    return concatenate(chunks)


def concatenate(chunks: list[Readout]) -> Readout:
    """Readouts of consecutive tokens → one."""
    names = Readout.__dataclass_fields__
    return Readout(**{name: np.concatenate([vars(c)[name] for c in chunks], 1) for name in names})


@torch.inference_mode()
def divergences(lens: VocabularyLens, states: Tensor, divergence: str) -> np.ndarray:
    """(L, tokens) of the named divergence; float64 for `paper-code`, else float32."""
    rows = [
        adjacent(lens.log_probabilities(states[:, part]), divergence)
        for part in _parts(lens, states)
    ]
    return torch.cat(rows, dim=1).cpu().numpy()


@torch.inference_mode()
def distribution(lens: VocabularyLens, states: Tensor) -> np.ndarray:
    """(L+1, width) of one token → (L+1, V) float32 log-probabilities: any word, exactly."""
    return lens.log_probabilities(states[:, None])[:, 0].cpu().numpy()


@torch.inference_mode()
def leaders(lens: VocabularyLens, states: Tensor, k: int) -> dict[str, np.ndarray]:
    """The k likeliest of each cell of (L+1, n, width) states, and how open the cell is.

    top_ids, top_probabilities: (L+1, n, k); entropy: (L+1, n), nats.
    """
    chunks = []
    for part in _parts(lens, states):
        rows = [_leading(row, k) for row in lens.logits(states[:, part])]
        chunks.append([torch.stack(column) for column in zip(*rows, strict=True)])
    ids, shares, entropy = (_numpy(torch.cat(c, dim=1)) for c in zip(*chunks, strict=True))
    return {"top_ids": ids, "top_probabilities": shares, "entropy": entropy}


@torch.inference_mode()
def word_probability(lens: VocabularyLens, states: Tensor, token_id: int) -> np.ndarray:
    """(L+1, n) probability of one word at every cell of (L+1, n, width) states."""
    parts = [
        torch.stack([_normalise(row)[1][:, token_id] for row in lens.logits(states[:, part])])
        for part in _parts(lens, states)
    ]
    return _numpy(torch.cat(parts, dim=1))


def _leading(logits: Tensor, k: int) -> tuple[Tensor, Tensor, Tensor]:
    log_p, p = _normalise(logits)
    top = p.topk(min(k, p.shape[-1]), dim=-1)
    # A probability of 0 adds nothing to −Σ p log p, though its logarithm is −inf.
    return top.indices.int(), top.values, -torch.linalg.vecdot(p, log_p.clamp_(min=LOWEST))


def _parts(lens: VocabularyLens, states: Tensor) -> Iterator[slice]:
    size = tokens_at_once(states.shape[0], lens.vocabulary)
    return (slice(start, start + size) for start in range(0, states.shape[1], size))


def _read_chunk(lens: VocabularyLens, states: Tensor, emitted: Tensor, top_k: int) -> Readout:
    """One depth at a time over logits that become log-probabilities in place.

    A row of one depth fits the CPU's cache, the whole chunk does not: there a pass costs as much as
    fetching it from memory.
    """
    index = emitted[:, None]
    depths: list[_Depth] = []
    pairs: list[Tensor] = []
    before: tuple[Tensor, Tensor] | None = None
    for row in lens.logits(states):
        log_p, p = _normalise(row)
        depths.append(_read_depth(log_p, p, index.to(row.device), top_k))
        if before is not None:
            pairs.append(jensen_shannon(before[0], log_p, before[1], p))
        before = log_p, p
    own, rank, entropy, top, top_ids = (_numpy(torch.stack(x)) for x in zip(*depths, strict=True))
    return Readout(
        probability=np.exp(own),
        log_probability=own,
        rank=rank,
        entropy=entropy,
        jsd=_numpy(torch.stack(pairs)),
        top_ids=top_ids,
        top_probabilities=np.exp(top),
    )


# Own log-probability, rank, entropy: (tokens,) each; leading log-probabilities, ids: (tokens, k).
_Depth = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]


def _normalise(logits: Tensor) -> tuple[Tensor, Tensor]:
    """(tokens, V) logits, overwritten with their log-probabilities; and the probabilities."""
    logits.sub_(logits.amax(-1, keepdim=True))
    p = logits.exp()
    total = p.sum(-1, keepdim=True)
    return logits.sub_(total.log()), p.div_(total)


def _read_depth(log_p: Tensor, p: Tensor, index: Tensor, top_k: int) -> _Depth:
    own = log_p.gather(-1, index)
    top = log_p.topk(min(top_k, log_p.shape[-1]), dim=-1)
    scratch = torch.empty_like(log_p)
    above = torch.gt(log_p, own, out=scratch).sum(-1)  # 0.0 and 1.0: a sum of booleans is slow
    rank = above.add_(1).int()
    # A probability of 0 adds nothing to −Σ p log p, though its logarithm is −inf.
    entropy = torch.linalg.vecdot(p, torch.clamp(log_p, min=LOWEST, out=scratch)).neg_()
    return own[:, 0], rank, entropy, top.values, top.indices.int()


def _numpy(values: Tensor) -> np.ndarray:
    return values.cpu().numpy()
