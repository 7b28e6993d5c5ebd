"""Hidden states → probability, rank, entropy, top-k and divergence per depth and token.

A lens is given the model's own final norm and unembedding as functions, so that this room knows
no model. Memory: a few tokens × depths × vocabulary at a time, whatever the answer's length.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from fretboard.lens.divergence import adjacent

# Float32 cells (token × depth × vocabulary) of one step; with its temporaries about 4 × as much.
CELLS_AT_ONCE = 2**23


@dataclass(frozen=True)
class LogitLens:
    """`normed`: tail(W_U·N(h)) at every depth; `raw`: no norm at depths 0…L−1 (METHOD: Lens).

    final_norm: (…, width) → (…, width); unembed: (…, width) → logits (…, V), tail included;
    vocabulary: V.
    """

    final_norm: Callable[[Tensor], Tensor]
    unembed: Callable[[Tensor], Tensor]
    vocabulary: int
    raw: bool = False

    def log_probabilities(self, states: Tensor) -> Tensor:
        """(L+1, …, width) pre-norm → (L+1, …, V) float32 log-probabilities; first axis is depth."""
        if self.raw:
            normed_last = self.final_norm(states[-1:])
            states = torch.cat([states[:-1].to(normed_last), normed_last])
        else:
            states = self.final_norm(states)
        return torch.log_softmax(self.unembed(states).float(), dim=-1)


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
def read_out(
    lens: LogitLens, states: Tensor, emitted: Tensor, top_k: int, divergence: str = "jsd"
) -> Readout:
    """Read (L+1, tokens, width) hidden states; `emitted` (tokens,) int64 are the emitted ids."""
    if states.ndim != 3 or emitted.shape != (states.shape[1],):
        raise ValueError(
            f"states {tuple(states.shape)} and emitted {tuple(emitted.shape)} do not fit: expected "
            "(depth, token, width) and (token,)."
        )
    chunks = [
        _read_chunk(lens, states[:, part], emitted[part], top_k, divergence)
        for part in _parts(lens, states)
    ]
    return concatenate(chunks)


def concatenate(chunks: list[Readout]) -> Readout:
    """Readouts of consecutive tokens → one."""
    names = Readout.__dataclass_fields__
    return Readout(**{name: np.concatenate([vars(c)[name] for c in chunks], 1) for name in names})


@torch.inference_mode()
def divergences(lens: LogitLens, states: Tensor, divergence: str) -> np.ndarray:
    """(L, tokens) of the named divergence; float64 for `paper-code`, else float32."""
    rows = [
        adjacent(lens.log_probabilities(states[:, part]), divergence)
        for part in _parts(lens, states)
    ]
    return torch.cat(rows, dim=1).cpu().numpy()


@torch.inference_mode()
def distribution(lens: LogitLens, states: Tensor) -> np.ndarray:
    """(L+1, width) of one token → (L+1, V) float32 log-probabilities: any word, exactly."""
    return lens.log_probabilities(states[:, None])[:, 0].cpu().numpy()


def _parts(lens: LogitLens, states: Tensor) -> Iterator[slice]:
    size = tokens_at_once(states.shape[0], lens.vocabulary)
    return (slice(start, start + size) for start in range(0, states.shape[1], size))


def _read_chunk(
    lens: LogitLens, states: Tensor, emitted: Tensor, top_k: int, divergence: str
) -> Readout:
    log_p = lens.log_probabilities(states)
    index = emitted.to(log_p.device)[None, :, None].expand(log_p.shape[0], -1, 1)
    own = log_p.gather(-1, index)
    top = log_p.topk(min(top_k, log_p.shape[-1]), dim=-1)
    return Readout(
        probability=_numpy(own[..., 0].exp()),
        log_probability=_numpy(own[..., 0]),
        rank=_numpy((log_p > own).sum(-1).add_(1).int()),
        entropy=_numpy(_entropy(log_p)),
        jsd=_numpy(adjacent(log_p, divergence)),
        top_ids=_numpy(top.indices.int()),
        top_probabilities=_numpy(top.values.exp()),
    )


def _entropy(log_p: Tensor) -> Tensor:
    """−Σ p log p in nats, one depth at a time."""
    return torch.stack([torch.special.entr(row.exp()).sum(-1) for row in log_p])


def _numpy(values: Tensor) -> np.ndarray:
    return values.cpu().numpy()
