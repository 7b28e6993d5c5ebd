"""Example pictures of the models that come with Fretboard, and the ready-made analyses."""

import json
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from fretboard.core.errors import NotFound
from fretboard.core.own_models import BUNDLED_MODEL, LITE_VLM
from fretboard.core.settings import Settings
from fretboard.store.analyses import open_store

PACKAGE = Path(__file__).parents[1]
GALLERY = PACKAGE / "tiny_llava" / "gallery"
PHOTOGRAPHS = PACKAGE / "lite_vlm" / "gallery"
EXAMPLES = PACKAGE / "store" / "examples"  # laid out like the durable store


class Example(BaseModel):
    """A scene with a suggested prompt; `analysis_id` opens at once, without the model."""

    id: str
    title: str
    category: str
    prompt: str
    image_url: str
    truth: Any
    analysis_id: str | None = None


@lru_cache
def gallery_entries(model: str = BUNDLED_MODEL) -> tuple[dict[str, Any], ...]:
    """What the gallery lists for a model: file, title, category, prompt, truth. Empty when none is
    shipped."""
    index = _gallery(model) / "gallery.json"
    return tuple(json.loads(index.read_text())) if index.is_file() else ()


def gallery_image(name: str) -> Path:
    """The picture of an entry, whichever model it is for. Raises NotFound for any other name."""
    for model in (BUNDLED_MODEL, LITE_VLM):
        if name in {entry["file"] for entry in gallery_entries(model)}:
            return _gallery(model) / name
    raise NotFound(f"There is no example picture {name!r}.")


def _gallery(model: str) -> Path:
    return PHOTOGRAPHS if model == LITE_VLM else GALLERY


def shipped_ids() -> set[str]:
    """Ids of the ready-made analyses."""
    return {document.parent.name for document in EXAMPLES.glob("analyses/*/analysis.json")}


def seed_examples(settings: Settings) -> None:
    """Copy the ready-made analyses into a local store that has them not, or damaged."""
    if settings.model != BUNDLED_MODEL or "://" in settings.store_url or not EXAMPLES.is_dir():
        return
    store = open_store(settings.store_url)
    for example_id in shipped_ids():
        store.make_way(example_id)
        if not store.exists(example_id):
            _copy_whole(EXAMPLES / "analyses" / example_id, store.folder(example_id))
    for model in EXAMPLES.glob("models/*"):
        store.write_tokenizer(model.name, (model / "tokenizer.json").read_text())


def _copy_whole(source: Path, target: Path) -> None:
    """All of it or nothing, whatever stops this process."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=target.parent) as half:
        whole = shutil.copytree(source, Path(half) / target.name)
        shutil.rmtree(target, ignore_errors=True)
        whole.rename(target)
