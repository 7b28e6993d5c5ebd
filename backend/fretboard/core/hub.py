"""Checkpoints of the Hugging Face hub on this machine: what is here, fetching, removing.

Only what transformers loads is fetched: configs, tokenizer, templates and safetensors.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fretboard.core.errors import Cancelled, NotFound, StoreFull, UnknownModel, said

FILES = ("*.json", "*.safetensors", "*.jinja", "*.txt", "*.model", "*.tiktoken")
OTHERS = ("onnx/*", "original/*", "*.onnx", "openvino/*", "flax*", "tf_*")
SPARE = 1.05  # room that a download needs, of its size
Progress = Callable[[int, int], None]  # bytes that are here, of so many


@dataclass(frozen=True)
class Local:
    """A checkpoint in the hub's cache folder."""

    name: str
    bytes: int
    path: Path


def here() -> list[Local]:
    """Checkpoints of the cache that are whole enough to have a config, the largest last."""
    from huggingface_hub import scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    try:
        repositories = scan_cache_dir().repos
    except CacheNotFound:
        return []
    checkpoints = []
    for repository in repositories:
        snapshots = sorted(repository.revisions, key=lambda revision: revision.last_modified)
        names = {file.file_name for file in snapshots[-1].files} if snapshots else set()
        if repository.repo_type == "model" and "config.json" in names and _has_weights(names):
            checkpoints.append(
                Local(repository.repo_id, repository.size_on_disk, snapshots[-1].snapshot_path)
            )
    return sorted(checkpoints, key=lambda local: (local.bytes, local.name))


def _has_weights(names: set[str]) -> bool:
    return any(name.endswith((".safetensors", ".bin")) for name in names)


def missing_bytes(name: str) -> tuple[int, int]:
    """(bytes to fetch, bytes in all), asked of the hub. Raises UnknownModel."""
    plan = _download(name, _bars(0, 0, lambda *_: None, lambda: False), dry_run=True)
    return (
        sum(file.file_size for file in plan if file.will_download),
        sum(file.file_size for file in plan),
    )


def fetch(name: str, progress: Progress, cancelled: Callable[[], bool]) -> Path:
    """The checkpoint's folder, downloaded where it is not here; half a download is gone on with.

    Raises UnknownModel where the hub or the name is not to be had, StoreFull before anything is
    fetched where the disk has no room, Cancelled.
    """
    from huggingface_hub.constants import HF_HUB_CACHE

    missing, total = missing_bytes(name)
    check_disk(name, missing, Path(HF_HUB_CACHE))
    return Path(_download(name, _bars(total - missing, total, progress, cancelled)))


def _download(name: str, bars: Any, **options: Any) -> Any:
    from huggingface_hub import snapshot_download

    try:
        return snapshot_download(
            name,
            allow_patterns=list(FILES),
            ignore_patterns=list(OTHERS),
            tqdm_class=bars,
            **options,
        )
    except Cancelled:
        raise
    except Exception as error:
        raise unreachable(name, error) from error


def check_disk(name: str, needed: int, folder: Path) -> None:
    """Raises StoreFull."""
    place = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(place).free
    if needed * SPARE > free:
        raise StoreFull(
            f"{name} needs {gigabytes(needed)} on the disk of {place}, and {gigabytes(free)} are "
            "free. Make room, or set HF_HOME to another disk."
        )


def remove(name: str) -> int:
    """Delete a checkpoint from the cache; the bytes that are free again. Raises NotFound."""
    from huggingface_hub import scan_cache_dir

    if name not in {local.name for local in here()}:
        raise NotFound(f"{name} is not in the cache; `fretboard models` lists what is.")
    cache = scan_cache_dir()
    commits = [
        revision.commit_hash
        for repository in cache.repos
        if repository.repo_id == name
        for revision in repository.revisions
    ]
    strategy = cache.delete_revisions(*commits)
    strategy.execute()
    return strategy.expected_freed_size


def gigabytes(count: int) -> str:
    """As people write it."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def _bars(start: int, total: int, progress: Progress, cancelled: Callable[[], bool]) -> Any:
    """A class of bars that tells how much is here, and stops a download that is called off.

    The hub's library counts bytes twice, as they arrive and as they are written: the larger holds.
    """
    from tqdm.auto import tqdm

    arrived: dict[int, int] = {}

    class Bar(tqdm):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            kwargs.pop("name", None)
            self.counts = kwargs.get("unit") == "B"
            super().__init__(*args, **(kwargs | {"disable": True}))

        def update(self, n: float | None = 1) -> bool | None:
            if cancelled():
                raise Cancelled("The download was called off; what is here stays for the next try.")
            if self.counts:
                arrived[id(self)] = arrived.get(id(self), 0) + int(n or 0)
                progress(min(start + max(arrived.values()), total), total)
            return None

    return Bar


def unreachable(name: str, error: Exception) -> UnknownModel:
    """What to say where the hub or the name is not to be had."""
    return UnknownModel(
        f"{name!r} cannot be had from the hub ({said(error).rstrip('.')}). Check the name and the "
        "network; a gated model needs `huggingface-cli login`."
    )
