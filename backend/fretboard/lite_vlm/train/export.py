"""What of a training run is kept in the repository: one file of half-precision arrays."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from ..checkpoint.tower import Namer


def export_adapter(
    lora: dict[str, Tensor],
    projector: dict[str, Tensor],
    probes: tuple[Tensor, Tensor],
    namer: Namer,
    path: Path,
) -> None:
    """Write the adapter: "lora.…", "projector.…", "probes.…", "namer.…", in float16."""
    arrays = {f"lora.{name}": array for name, array in lora.items()}
    arrays |= {f"projector.{name}": array for name, array in projector.items()}
    arrays |= {"probes.weight": probes[0], "probes.bias": probes[1]}
    arrays |= {f"namer.{part}": getattr(namer, part) for part in Namer.__dataclass_fields__}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: array.to(torch.float16).contiguous() for name, array in arrays.items()}, path)
