"""Raw minus normed, cell by cell: which findings survive the norm, and which are scale."""

import numpy as np
import torch
from torch import Tensor

from fretboard.lens.readout import LogitLens, Readout, read_out, tokens_at_once


def read_difference(
    raw: LogitLens, normed: LogitLens, states: Tensor, emitted: Tensor, top_k: int
) -> Readout:
    """Every array of `read_out`, raw − normed; zero at depth L, where both lenses agree.

    `top_ids` are the words whose probability differs most, `top_probabilities` their signed
    differences, largest first.
    """
    of_raw, of_normed = (vars(read_out(lens, states, emitted, 1)) for lens in (raw, normed))
    ids, signed = most_different(raw, normed, states, top_k)
    plain = {name: of_raw[name] - of_normed[name] for name in of_raw if not name.startswith("top_")}
    return Readout(**plain, top_ids=ids, top_probabilities=signed)


@torch.inference_mode()
def most_different(
    raw: LogitLens, normed: LogitLens, states: Tensor, top_k: int
) -> tuple[np.ndarray, np.ndarray]:
    """(ids int32, signed differences float32), both (L+1, tokens, k), by absolute size."""
    size = max(1, tokens_at_once(states.shape[0], raw.vocabulary) // 2)  # two lenses at a time
    ids, signed = [], []
    for part in states.split(size, dim=1):
        change = raw.log_probabilities(part).exp_().sub_(normed.log_probabilities(part).exp_())
        ids_here = change.abs().topk(min(top_k, change.shape[-1]), dim=-1).indices
        ids.append(ids_here.int().cpu())
        signed.append(change.gather(-1, ids_here).cpu())
    return torch.cat(ids, dim=1).numpy(), torch.cat(signed, dim=1).numpy()
