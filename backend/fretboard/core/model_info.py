"""Which model is served here: its name, revision and shape, read without torch.

The revision is part of every analysis's id: the commit of a hub checkpoint, or a hash of a
local folder's files.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from fretboard.core.analysis import ModelInfo
from fretboard.core.config_file import read_config
from fretboard.core.errors import UnknownModel, said
from fretboard.core.own_models import (
    ASSEMBLE,
    BUNDLED_MODEL,
    BUNDLED_WEIGHTS,
    LITE_VLM,
    NOTES,
    TITLES,
    lite_vlm_assembled,
    lite_vlm_folder,
)
from fretboard.core.revision import folder_revision
from fretboard.core.settings import Settings
from fretboard.core.shape import ModelShape, shape_of

Announced = Mapping[str, Mapping[str, Any]]
NOTHING: Announced = {}
ModelState = Literal["loading", "ready", "absent", "failed"]


class ServedModel(ModelShape):
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
    source = source_of(settings_model)
    folder = Path(source)
    if folder.is_dir():
        config, revision = read_config(folder / "config.json"), folder_revision(folder)
    else:
        config, revision = _hub_config(source)
    return ServedModel(
        name=settings_model,
        title=TITLES.get(settings_model, settings_model),
        source=source,
        revision=revision,
        family=str(config.get("model_type", "unknown")),
        **shape_of(config).model_dump(),
        note=_note(settings_model),
    )


def facts_of(name: str, revision: str, config: dict) -> dict[str, Any]:
    """What `choose_model` takes of a model that is in memory already; config: as `to_dict`."""
    family = str(config.get("model_type", "unknown"))
    return {"name": name, "revision": revision, "family": family, **shape_of(config).model_dump()}


def choose_model(
    settings: Settings, name: str | None, announced: Announced = NOTHING
) -> ServedModel:
    """The model for a request: FRETBOARD_MODEL, or another that workers announced.

    announced: facts by name. Raises UnknownModel when `name` is neither.
    """
    name = name or settings.model
    if announced.get(name, {}).get("revision"):
        return described(settings, announced[name])
    if name == settings.model:
        return served_model(name)
    known = ", ".join(map(repr, {settings.model: None} | dict.fromkeys(announced)))
    raise UnknownModel(
        f"{name!r} is not served here; there is {known}. Leave out `model`, or start a worker: "
        f"fretboard worker --model {name}"
    )


def described(settings: Settings, facts: Mapping[str, Any]) -> ServedModel:
    """A model as its worker announced it; its files need not be on this machine."""
    fields = {"title": facts["name"], "revision": "", **facts, "source": facts["name"]}
    return ServedModel.model_validate(fields | {"default": facts["name"] == settings.model})


def _note(model: str) -> str:
    """What the model knows; of the bundled one also how to get the one for photographs."""
    if model == BUNDLED_MODEL and not lite_vlm_assembled():
        return f"{NOTES[model]} For photographs run {ASSEMBLE}, then start again."
    return NOTES.get(model, "")


def source_of(model: str) -> str:
    """What transformers loads; `~` is the user's folder, as a shell would have it."""
    if model == BUNDLED_MODEL:
        return str(BUNDLED_WEIGHTS)
    if model == LITE_VLM:
        if not lite_vlm_assembled():
            raise UnknownModel(f"{LITE_VLM} is not assembled on this machine yet; run: {ASSEMBLE}")
        return str(lite_vlm_folder())
    return str(Path(model).expanduser()) if model.startswith("~") else model


def _hub_config(name: str) -> tuple[dict, str]:
    """Config and commit of a hub checkpoint, from the local cache or the hub."""
    from huggingface_hub import hf_hub_download

    try:
        path = Path(hf_hub_download(name, "config.json"))
    except Exception as error:
        raise UnknownModel(
            f"The checkpoint {name!r} is neither a folder nor to be had from the hub "
            f"({said(error).rstrip('.')}). Check FRETBOARD_MODEL and the network."
        ) from error
    return read_config(path), path.parent.name
