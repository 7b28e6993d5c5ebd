"""One lens minus another, cell by cell: raw minus normed says what of a finding is scale."""

import numpy as np
import torch
from torch import Tensor

from fretboard.lens.readout import Readout, VocabularyLens, read_out, tokens_at_once


def read_difference(
    first: VocabularyLens, second: VocabularyLens, states: Tensor, emitted: Tensor, top_k: int
) -> Readout:
    """Every array of `read_out`, first − second; zero at depth L, where lenses agree.

    `top_ids` are the words whose probability differs most, `top_probabilities` their signed
    differences, largest first.
    """
    upper, lower = (vars(read_out(lens, states, emitted, 1)) for lens in (first, second))
    ids, signed = most_different(first, second, states, top_k)
    plain = {name: upper[name] - lower[name] for name in upper if not name.startswith("top_")}
    return Readout(**plain, top_ids=ids, top_probabilities=signed)


@torch.inference_mode()
def most_different(
    first: VocabularyLens, second: VocabularyLens, states: Tensor, top_k: int
) -> tuple[np.ndarray, np.ndarray]:
    """(ids int32, signed differences float32), both (L+1, tokens, k), by absolute size."""
    size = max(1, tokens_at_once(states.shape[0], first.vocabulary) // 2)  # two lenses at a time
    ids, signed = [], []
    for part in states.split(size, dim=1):
        change = first.log_probabilities(part).exp_().sub_(second.log_probabilities(part).exp_())
        ids_here = change.abs().topk(min(top_k, change.shape[-1]), dim=-1).indices
        ids.append(ids_here.int().cpu())
        signed.append(change.gather(-1, ids_here).cpu())
    return torch.cat(ids, dim=1).numpy(), torch.cat(signed, dim=1).numpy()
