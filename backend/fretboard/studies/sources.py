"""IMAGES as typed: folders, globs, pictures and annotation files → items."""

import glob
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from fretboard.core.errors import InputError
from fretboard.core.images import SUFFIXES
from fretboard.studies.items import StudyItem
from fretboard.studies.truth.annotations import read_annotations
from fretboard.studies.truth.scenes import SceneTruth, parse_scene

ANNOTATIONS = frozenset((".json", ".jsonl", ".ndjson"))


def find_items(
    sources: Sequence[str],
    prompt: str,
    images: Path | None = None,
    annotations: Path | None = None,
    limit: int | None = None,
) -> list[StudyItem]:
    """All items that `sources` stand for, each with a prompt. Raises InputError."""
    items = [item for source in sources for item in _of(source, images, annotations)]
    if not items:
        raise InputError(f"There are no images in {', '.join(sources)}.")
    lacking = [item for item in items if not (item.prompt or prompt).strip()]
    if lacking:
        raise InputError(f"{lacking[0].image} comes without a prompt. Give one with --prompt.")
    return [replace(item, prompt=item.prompt or prompt) for item in items[:limit]]


def _of(source: str, images: Path | None, annotations: Path | None) -> list[StudyItem]:
    path = Path(source).expanduser()
    if path.is_dir():
        return _pictures(sorted(path.iterdir()))
    if path.is_file() and path.suffix.lower() in ANNOTATIONS:
        return read_annotations(path, images, annotations)
    if path.is_file():
        return [_picture(path)]
    matches = sorted(map(Path, glob.glob(_pattern(path), recursive=True)))
    if not matches:
        raise InputError(
            f"{source} is neither a folder, a file nor a pattern that matches any picture."
        )
    return _pictures(matches)


def _pattern(path: Path) -> str:
    """A folder that is there under its very name is no pattern, such as `b [2024]`."""
    folder = next(parent for parent in path.parents if parent.is_dir())
    return glob.escape(f"{folder}/") + str(path.relative_to(folder))


def _pictures(paths: Sequence[Path]) -> list[StudyItem]:
    return [_picture(path) for path in paths if path.suffix.lower() in SUFFIXES]


def _picture(path: Path) -> StudyItem:
    return StudyItem(path.stem, path, None, next(_scene_beside(path), None))


def _scene_beside(path: Path) -> Iterator[SceneTruth]:
    """The truth that `tiny_llava scene` writes next to a picture; other JSON is not ours."""
    beside = path.with_suffix(".json")
    if beside.is_file():
        try:
            yield parse_scene(json.loads(beside.read_text(encoding="utf-8")))
        except (KeyError, TypeError, ValueError, OSError, RecursionError):
            return
