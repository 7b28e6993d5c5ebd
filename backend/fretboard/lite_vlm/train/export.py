"""What of a training run is kept in the repository: one file of half-precision arrays."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from ..checkpoint.spare import Namer
from ..checkpoint.tower import Probes


def export_adapter(
    lora: dict[str, Tensor],
    projector: dict[str, Tensor],
    probes: Probes,
    namer: Namer,
    path: Path,
) -> None:
    """Write the adapter: "lora.…", "projector.…", "probes.…", "namer.…" in float16, and
    "classes.nouns", the number of every class's noun."""
    arrays = {f"lora.{name}": array for name, array in lora.items()}
    arrays |= {f"projector.{name}": array for name, array in projector.items()}
    arrays |= {"probes.weight": probes.weight, "probes.bias": probes.bias}
    arrays |= {f"namer.{part}": getattr(namer, part) for part in Namer.__dataclass_fields__}
    path.parent.mkdir(parents=True, exist_ok=True)
    halves = {name: array.to(torch.float16).contiguous() for name, array in arrays.items()}
    save_file(halves | {"classes.nouns": probes.nouns.to(torch.int32)}, path)


def adapters_in(path: Path) -> dict[str, Tensor]:
    """The low-rank adapters of an exported file, as `load_lora` takes them."""
    return {
        name.removeprefix("lora."): array.float()
        for name, array in load_file(path).items()
        if name.startswith("lora.")
    }


def halfway(before: dict[str, Tensor], after: dict[str, Tensor]) -> dict[str, Tensor]:
    """The mean of two states: it keeps more of what the first could do."""
    return {name: (array + after[name]) / 2 for name, array in before.items()}
