"""Token activation maps (arXiv 2506.23270): image states read for a token, less its context's.

The logits of a text token's own word at the image positions are its activation. What the earlier
tokens explain of it is taken away: their activations, weighted by the logits of the word in
question at their own positions, scaled by least squares. A rank Gaussian filter takes out specks.
"""

import numpy as np
import torch
from torch import Tensor

from fretboard.engine.causal.forced import Forced, log_probabilities
from fretboard.engine.causal.hooks import states_kept
from fretboard.model.grid import Grid

AT_ONCE = 64  # positions whose logits over the whole vocabulary are held together
SIDE = 3  # cells of the filter's window along an axis
PLACES = 4  # decimals: cells whose centres agree to these lie in one row or column


def activation_maps(forced: Forced, grid: Grid | None = None) -> np.ndarray:
    """(patch, token) ≥ 0, logits at depth L. grid: None, or places not known: not filtered.

    The context of token t is the prompt's text without special tokens and its last position, and
    the answer before t; words equal to t's are left out.
    """
    checkpoint, image = forced.checkpoint, forced.image.tolist()
    prompt = forced.tensors["input_ids"][0, : forced.prompt_tokens - 1].tolist()
    special = checkpoint.tokenizer.all_special_ids
    apart = {*image, *(place for place, word in enumerate(prompt) if word in special)}
    read = [place for place in range(len(prompt)) if place not in apart]
    words = np.array([*(prompt[place] for place in read), *forced.emitted])
    places = [*read, *range(forced.prompt_tokens - 1, forced.positions)]
    with states_kept(checkpoint.anatomy) as kept:
        log_probabilities(forced)
    rows = kept[len(checkpoint.anatomy.layers)][image + places]
    table = np.maximum(_columns(forced, rows, words), 0.0)
    own, said = table[: len(image)], table[len(image) :]
    maps = [
        without_context(own[:, :at], own[:, at], said[:at, at], words[:at] != words[at])
        for at in range(len(read), len(words))
    ]
    return _filtered(np.stack(maps, 1), grid)


def without_context(
    earlier: np.ndarray, own: np.ndarray, weights: np.ndarray, counts: np.ndarray
) -> np.ndarray:
    """own (patch,) less what `earlier` (patch, n), weighted by (n,), explains of it, at least 0.

    counts: (n,) whether the token takes part.
    """
    around = earlier @ (weights * counts)
    size = float(around @ around)
    return np.maximum(own - around * (float(own @ around) / size), 0.0) if size else own


def rank_gaussian(cells: np.ndarray) -> np.ndarray:
    """(row, column, …) ≥ 0 filtered: of each sorted 3 × 3 window a mean, weighted about its median.

    The weights' width, in ranks, is the window's standard deviation over its mean.
    """
    padded = np.pad(cells, [(SIDE // 2,) * 2] * 2 + [(0, 0)] * (cells.ndim - 2), mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (SIDE, SIDE), (0, 1))
    ranked = np.sort(windows.reshape(*cells.shape, SIDE**2), axis=-1)
    mean = ranked.mean(-1, keepdims=True)
    width = ranked.std(-1, keepdims=True) / np.where(mean > 0, mean, 1.0)
    ranks = np.arange(SIDE**2) - SIDE**2 // 2
    weights = np.exp(-(ranks**2) / (2 * np.maximum(width, 1e-9) ** 2))
    return (ranked * weights).sum(-1) / weights.sum(-1)


def _columns(forced: Forced, rows: Tensor, words: np.ndarray) -> np.ndarray:
    """(n, words) logits of these words at states (n, width), float64."""
    anatomy = forced.checkpoint.anatomy
    with torch.inference_mode():
        parts = [anatomy.logits(anatomy.normed(part)) for part in rows.split(AT_ONCE)]
        return torch.cat([part[:, words].double().cpu() for part in parts]).numpy()


def _filtered(maps: np.ndarray, grid: Grid | None) -> np.ndarray:
    """Each picture of the grid by itself; one that is no full raster is left as it is."""
    if grid is None:
        return maps
    centres = (grid.rectangles[:, :2] + grid.rectangles[:, 2:]).double().numpy() / 2
    filtered = maps.copy()
    for level in grid.level.unique().tolist():
        chosen = np.flatnonzero((grid.level.numpy() == level) & ~np.isnan(centres).any(1))
        (columns, x), (rows, y) = (
            np.unique(centres[chosen, axis].round(PLACES), return_inverse=True) for axis in (0, 1)
        )
        if len(columns) * len(rows) != len(chosen) or not len(chosen):
            continue
        cells = np.empty((len(rows), len(columns), maps.shape[1]))
        cells[y, x] = maps[chosen]
        filtered[chosen] = rank_gaussian(cells)[y, x]
    return filtered
