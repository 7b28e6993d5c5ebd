"""Fitted lenses as files: `REVISION/KIND.safetensors` in a folder, the recipe in the metadata.

Half precision, arrays by span: `image.weight` (L, width, width), `image.bias` (L, width).
"""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from fretboard.core.errors import InputError
from fretboard.core.fitted_lens import FittedKind, LensRecipe
from fretboard.core.whole_file import replacing
from fretboard.store.tensors import pack, read_note, unpack

SUFFIX = ".safetensors"


def lens_path(folder: Path, revision: str, kind: FittedKind) -> Path:
    """Where a model's lens of this kind belongs."""
    return folder / revision / f"{kind}{SUFFIX}"


def partial_path(path: Path) -> Path:
    """Where a fit under way keeps what it has."""
    return path.with_suffix(f".partial{SUFFIX}")


def find_lens(folders: Iterable[Path], revision: str, kind: FittedKind) -> Path | None:
    """The first folder's that has one."""
    paths = (lens_path(folder, revision, kind) for folder in folders)
    return next((path for path in paths if path.is_file()), None)


def fit_mark(folders: Iterable[Path], revision: str, kinds: Iterable[FittedKind]) -> str:
    """What tells these fits from earlier ones: when their files were written, and how large they

    are; gigabytes are not read for it. "" where there is none of one kind.
    """
    paths = [find_lens(tuple(folders), revision, kind) for kind in kinds]
    facts = [path.stat() for path in paths if path is not None]
    if not facts or len(facts) < len(paths):
        return ""
    text = repr([(fact.st_mtime_ns, fact.st_size) for fact in facts])
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def write_lens(path: Path, recipe: LensRecipe, arrays: Mapping[str, np.ndarray]) -> None:
    """Whole, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as partial:
        partial.write_bytes(pack(arrays, recipe.model_dump_json(exclude_defaults=True)))


def read_lens(path: Path) -> tuple[LensRecipe, dict[str, np.ndarray]]:
    """Raises InputError where the file is no fitted lens."""
    try:
        data = path.read_bytes()
        recipe = LensRecipe.model_validate_json(read_note(lambda start, end: data[start:end]))
        return recipe, unpack(data)
    except (OSError, KeyError, ValueError, ValidationError) as error:
        raise InputError(
            f"{path} is no fitted lens that can be read. Fit it again: fretboard lens fit."
        ) from error
