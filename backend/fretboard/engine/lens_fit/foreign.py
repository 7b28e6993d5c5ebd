"""Lenses of other tools: Jacobian lenses as Neuronpedia keeps them, tuned-lens checkpoints.

Neuronpedia's is the file of `jlens` (github.com/anthropics/jacobian-lens): a dict with `J`
{layer: (width, width)}, `source_layers`, `n_prompts`, `d_model`; layer l is what leaves decoder
layer l, so depth l+1 here. A tuned-lens folder holds config.json and params.pt, the state of a list
of translators; translator i reads depth i and adds what it gives.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fretboard import __version__
from fretboard.core.errors import InputError, said
from fretboard.core.fitted_lens import LensRecipe, Span
from fretboard.core.model_info import ServedModel
from fretboard.core.reading import Lens

Lensed = tuple[LensRecipe, dict[str, np.ndarray]]


def read_foreign(path: Path, served: ServedModel, layers: int, width: int) -> Lensed:
    """A lens of another tool as one for `served`. Raises InputError where it cannot be that."""
    read = _tuned if path.is_dir() else _jacobian
    try:
        recipe, arrays = read(path, served, layers, width)
    except InputError:
        raise
    except Exception as error:  # pickles, JSON and shapes of others
        raise InputError(
            f"{path} is neither a Jacobian lens as Neuronpedia keeps it (a .pt file) nor a "
            f"tuned-lens folder (config.json, params.pt): {said(error)}"
        ) from error
    return recipe, {name: array.astype(np.float16) for name, array in arrays.items()}


def write_jacobian(path: Path, recipe: LensRecipe, arrays: Mapping[str, np.ndarray]) -> None:
    """A Jacobian lens of the answer's positions as `jlens` and Neuronpedia read it."""
    if recipe.kind is not Lens.JACOBIAN:
        raise InputError(f"This is a {recipe.kind} lens; the form is for Jacobian lenses.")
    weight = torch.from_numpy(arrays[f"{Span.PROMPT}.weight"].copy())
    known = {d - 1: weight[d].clone() for d in range(1, len(weight)) if d not in recipe.unfitted}
    torch.save(
        {
            "J": known,
            "n_prompts": recipe.examples,
            "source_layers": sorted(known),
            "d_model": recipe.width,
            "metadata": {"model": recipe.model, "revision": recipe.revision, "data": recipe.data},
        },
        path,
    )


def _jacobian(path: Path, served: ServedModel, layers: int, width: int) -> Lensed:
    kept = torch.load(path, map_location="cpu", weights_only=True)
    by_depth = {int(layer) + 1: matrix.float() for layer, matrix in kept["J"].items()}
    _check(path, int(kept["d_model"]), width, max(by_depth, default=0), layers)
    weight, unfitted = _filled({d: m for d, m in by_depth.items() if d < layers}, layers, width)
    data = f"{path.name}, a Jacobian lens of text"
    recipe = _recipe(Lens.JACOBIAN, served, layers, width, data, int(kept["n_prompts"]), unfitted)
    return recipe, {f"{Span.PROMPT}.weight": weight.numpy()}


def _tuned(path: Path, served: ServedModel, layers: int, width: int) -> Lensed:
    config = json.loads((path / "config.json").read_text(encoding="utf-8"))
    state: dict[str, Any] = torch.load(path / "params.pt", map_location="cpu", weights_only=True)
    _check(path, int(config["d_model"]), width, int(config["num_hidden_layers"]), layers)
    identity = torch.eye(width)
    added = {d: state[f"{d}.weight"].float() + identity for d in range(layers)}
    biases = [state.get(f"{d}.bias", torch.zeros(width)).float() for d in range(layers)]
    weight, unfitted = _filled(added, layers, width)
    data = f"{path.name}, a tuned lens of text for {config['base_model_name_or_path']}"
    recipe = _recipe(Lens.TUNED, served, layers, width, data, 0, unfitted)
    return recipe, {
        f"{Span.PROMPT}.weight": weight.numpy(),
        f"{Span.PROMPT}.bias": torch.stack(biases).numpy(),
    }


def _filled(known: Mapping[int, Tensor], layers: int, width: int) -> tuple[Tensor, list[int]]:
    """(L, width, width), the identity where nothing is known; and where that is."""
    unfitted = [depth for depth in range(layers) if depth not in known]
    return torch.stack([known.get(d, torch.eye(width)) for d in range(layers)]), unfitted


def _check(path: Path, width: int, own_width: int, layers: int, own_layers: int) -> None:
    if width != own_width or layers > own_layers:
        raise InputError(
            f"{path} is of a model with {layers} layers of width {width}; this one has "
            f"{own_layers} of width {own_width}. Take the lens that was fitted to it."
        )


def _recipe(
    kind: Any, served: ServedModel, layers: int, width: int, data: str, examples: int,
    unfitted: list[int],
) -> LensRecipe:  # fmt: skip
    return LensRecipe(
        kind=kind, model=served.name, revision=served.revision, layers=layers, width=width,
        data=data, examples=examples, unfitted=unfitted, fretboard=__version__,
    )  # fmt: skip
