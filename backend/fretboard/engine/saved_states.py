"""Hidden states that another tool saved: TransformerLens, nnsight and nnterp, vLLM, plain arrays.

What is taken, by what the file holds:
- `hidden_states` (tokens, depths, width) with `token_ids`: vLLM's extraction, asked for all depths
  (`eagle_aux_hidden_state_layer_ids` 0 to L).
- `blocks.N.hook_resid_pre` of all N with the last `hook_resid_post`: a TransformerLens cache.
- `hidden_states` (depths, tokens, width), or `hidden_states.0` … `hidden_states.L`, each (tokens,
  width), an axis of 1 allowed before: a stack of the blocks' inputs and the last one's output.
"""

import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from fretboard.core.errors import InputError

PRE = re.compile(r"blocks\.(\d+)\.hook_resid_pre")
PART = re.compile(r"hidden_states\.(\d+)")
FORMATS = ".safetensors, .npz, .pt or .pth"


@dataclass(frozen=True)
class SavedStates:
    """states: (L+1, T, width) float32, depth 0 first; token_ids: (T,) of the same positions."""

    states: torch.Tensor
    token_ids: list[int] | None


def read_states(path: Path, depths: int, width: int) -> SavedStates:
    """All depths of a model of that shape. Raises InputError that says what the file holds."""
    tensors = _tensors(path)
    ids = tensors.get("token_ids", tensors.get("input_ids"))
    states = _stacked(tensors, path.name)
    if states.dim() == 4 and 1 in (states.shape[0], states.shape[1]):
        states = states.squeeze(0) if states.shape[0] == 1 else states.squeeze(1)
    if states.dim() == 3 and "token_ids" in tensors and states.shape[1] == depths:
        states = states.transpose(0, 1)  # vLLM: tokens first
    if states.dim() != 3 or (states.shape[0], states.shape[2]) != (depths, width):
        raise InputError(
            f"{path.name} holds states of shape {tuple(states.shape)}; this model needs "
            f"({depths}, tokens, {width}): the inputs of all blocks and the last one's output."
        )
    return SavedStates(states.float(), ids.flatten().tolist() if ids is not None else None)


def _tensors(path: Path) -> dict[str, torch.Tensor]:
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                return {name: torch.from_numpy(arrays[name]) for name in arrays.files}
        if path.suffix in (".pt", ".pth"):
            return _named(torch.load(path, map_location="cpu", weights_only=True))
    except (OSError, ValueError, SafetensorError, RuntimeError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} cannot be read as tensors ({type(error).__name__}).") from error
    except Exception as error:  # of pickles there are many kinds of damage
        raise InputError(f"{path} holds more than tensors, which is not loaded.") from error
    raise InputError(f"{path.name}: hidden states are read from {FORMATS}.")


def _named(value: Any) -> dict[str, torch.Tensor]:
    """Of a pickle: a dictionary of tensors, a stack, or a list of one tensor a depth."""
    if isinstance(value, torch.Tensor):
        return {"hidden_states": value}
    if isinstance(value, Mapping):
        flat = {str(key): item for key, item in value.items()}
        nested = flat.pop("hidden_states", None)
        named = _named(nested) if nested is not None else {}
        return named | {key: item for key, item in flat.items() if isinstance(item, torch.Tensor)}
    if isinstance(value, list | tuple) and all(isinstance(item, torch.Tensor) for item in value):
        return {f"hidden_states.{depth}": item for depth, item in enumerate(value)}
    return {}


def _stacked(tensors: Mapping[str, torch.Tensor], name: str) -> torch.Tensor:
    if "hidden_states" in tensors:
        return tensors["hidden_states"]
    for pattern in (PRE, PART):
        depths = {int(match[1]): key for key in tensors if (match := pattern.fullmatch(key))}
        last = f"blocks.{len(depths) - 1}.hook_resid_post"
        keys = [depths.get(depth, "") for depth in range(len(depths))]
        if pattern is PRE and last in tensors:
            keys.append(last)
        if depths and all(keys):
            return _stack([tensors[key] for key in keys], name)
    held = ", ".join(sorted(tensors)[:4]) or "nothing"
    raise InputError(
        f"{name} holds {held}; wanted `hidden_states`, `hidden_states.0` …, or "
        "`blocks.0.hook_resid_pre` … with the last `hook_resid_post`."
    )


def _stack(parts: list[torch.Tensor], name: str) -> torch.Tensor:
    if len({part.shape for part in parts}) > 1:
        raise InputError(
            f"{name}: the depths have different shapes, so they do not belong together."
        )
    return torch.stack(parts)
