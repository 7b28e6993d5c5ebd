"""Which model is served here: its name, revision and shape, read without torch.

The revision is part of every analysis's id: the commit of a hub checkpoint, or a hash of a
local folder's files.
"""

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field

from fretboard.core.analysis import ModelInfo
from fretboard.core.errors import UnknownModel
from fretboard.core.settings import BUNDLED_MODEL, BUNDLED_WEIGHTS, Settings

BUNDLED_NOTE = (
    "A small teaching model, trained from scratch on drawn scenes. It looks at the image and "
    "speaks of its own little world; it knows nothing of photographs."
)
HASHED_WHOLE = 64 * 2**20  # bytes; of larger weight files the head and the size go in
HASHED_FILES = ("*.safetensors", "*.json")
Announced = Mapping[str, Mapping[str, Any]]
NOTHING: Announced = {}
ModelState = Literal["loading", "ready", "absent", "failed"]


class Shape(BaseModel):
    """Of a model, from its config: what its memory depends on; 0 where the config is silent."""

    layers: int = 0
    width: int = 0
    vocabulary: int = 0
    kv_width: int = 0
    """Numbers that one layer keeps of a position for its keys, and as many for its values."""
    mlp_width: int = 0
    image_positions: int = 0
    """Of one image, before the model scales it by its own rules."""
    dtype: str | None = None


class ServedModel(Shape):
    """A model as `/api/models` shows it; `source`, what transformers loads, is not shown."""

    name: str
    title: str
    source: str = Field(exclude=True)
    revision: str
    state: ModelState = "absent"
    detail: str = ""
    default: bool = True
    workers: int = 0
    """How many have it loaded."""
    free_bytes: int = 0
    """Of its worker's memory, once the model was loaded; 0 where unknown."""
    family: str = ""
    note: str = ""

    @property
    def info(self) -> ModelInfo:
        """What an analysis document records of it."""
        return ModelInfo.model_validate(self.model_dump(exclude={"state", "detail"}))


@lru_cache
def served_model(settings_model: str) -> ServedModel:
    """Describe `FRETBOARD_MODEL`. Raises UnknownModel when there is no such checkpoint."""
    source = _source(settings_model)
    folder = Path(source)
    if folder.is_dir():
        config, revision = _read_config(folder / "config.json"), folder_revision(folder)
    else:
        config, revision = _hub_config(source)
    text = config.get("text_config", config)
    return ServedModel(
        name=settings_model,
        title="Tiny LLaVA (bundled)" if settings_model == BUNDLED_MODEL else settings_model,
        source=source,
        revision=revision,
        family=str(config.get("model_type", "unknown")),
        **_shape(config, text),
        note=BUNDLED_NOTE if settings_model == BUNDLED_MODEL else "",
    )


def choose_model(
    settings: Settings, asked: str | None, announced: Announced = NOTHING
) -> ServedModel:
    """The model for a request: FRETBOARD_MODEL, or another that workers announced.

    announced: facts by name. Raises UnknownModel when `asked` is neither.
    """
    name = asked or settings.model
    if announced.get(name, {}).get("revision"):
        return described(settings, announced[name])
    if name == settings.model:
        return served_model(name)
    known = ", ".join(repr(one) for one in {settings.model: None} | dict.fromkeys(announced))
    raise UnknownModel(
        f"{name!r} is not served here; there is {known}. Leave out `model`, or start a worker: "
        f"fretboard worker --model {name}"
    )


def described(settings: Settings, facts: Mapping[str, Any]) -> ServedModel:
    """A model as its worker announced it; its files need not be on this machine."""
    told = {"title": facts["name"], "revision": "", **facts, "source": facts["name"]}
    return ServedModel.model_validate(told | {"default": facts["name"] == settings.model})


def folder_revision(folder: Path) -> str:
    """SHA-256 over the names, sizes and contents of a checkpoint's files (32 hex digits)."""
    digest = hashlib.sha256()
    files = sorted({path for pattern in HASHED_FILES for path in folder.glob(pattern)})
    for path in files:
        size = path.stat().st_size
        digest.update(f"{path.name} {size}\n".encode())
        with path.open("rb") as file:
            digest.update(file.read(HASHED_WHOLE))
    return digest.hexdigest()[:32]


def _shape(config: dict, text: dict) -> dict[str, int]:
    """Where a config leaves a number out, 0: the worker knows, the estimate does without."""
    width, heads = text.get("hidden_size") or 0, text.get("num_attention_heads") or 1
    vision = config.get("vision_config") or {}
    side = (vision.get("image_size") or 0) // (vision.get("patch_size") or 1)
    kept = text.get("num_key_value_heads") or heads
    return {
        "layers": text.get("num_hidden_layers") or 0,
        "width": width,
        "vocabulary": text.get("vocab_size") or config.get("vocab_size") or 0,
        "kv_width": kept * (text.get("head_dim") or width // heads),
        "mlp_width": text.get("intermediate_size") or 0,
        "image_positions": config.get("image_seq_length") or side * side,
    }


def _source(model: str) -> str:
    return str(BUNDLED_WEIGHTS) if model == BUNDLED_MODEL else model


def _read_config(path: Path) -> dict:
    if not path.is_file():
        raise UnknownModel(f"{path.parent} holds no config.json: not a checkpoint folder.")
    config: dict = json.loads(path.read_text())
    return config


def _hub_config(name: str) -> tuple[dict, str]:
    """Config and commit of a hub checkpoint, from the local cache or the hub."""
    from huggingface_hub import hf_hub_download

    try:
        path = Path(hf_hub_download(name, "config.json"))
    except Exception as error:
        raise UnknownModel(
            f"The checkpoint {name!r} is neither a folder nor to be had from the hub "
            f"({type(error).__name__}: {error}). Check FRETBOARD_MODEL and the network."
        ) from error
    return _read_config(path), path.parent.name
