"""The images: the bundled world's own, or those of a folder for a real model."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fretboard.core.errors import InputError
from fretboard.core.images import SUFFIXES, to_png
from fretboard.core.own_models import BUNDLED_MODEL
from fretboard.core.settings import Settings
from fretboard.tiny_llava.world.backdrop import render
from fretboard.tiny_llava.world.scene import Scene, SceneMix, sample_scene
from fretboard.tiny_llava.world.sets import SETS, SIZE

FIRST_SEED = 98_000_000  # of the captioned scenes: none of the training or the evaluation
UNUSUAL = SceneMix(
    typical=0.0, counts=(0.2, 0.4, 0.4)
)  # where the world's prior can be seen to win
PAPER_IMAGES = 12  # a set
FEWEST_IMAGES = 2  # between which something can lie
FIRST_DIFFERENCE = "first-difference"


@dataclass(frozen=True)
class PaperPicture:
    """An image; `scene` is what is drawn there, where that is known."""

    name: str
    data: bytes
    scene: Scene | None = None


@dataclass(frozen=True)
class PictureSet:
    """Images of one kind with one question; `role` says at which token they are compared."""

    name: str
    prompt: str
    role: str
    images: tuple[PaperPicture, ...]


def captioned(settings: Settings, folder: Path | None, number: int) -> list[PaperPicture]:
    """Images to describe. Raises InputError where there are none."""
    if folder is not None:
        pictures = [PaperPicture(path.name, path.read_bytes()) for path in _images(folder)][:number]
        if not pictures:
            raise InputError(f"{folder} holds no pictures; put those to describe right into it.")
        return pictures
    _require_bundled(settings)
    scenes = [sample_scene(FIRST_SEED + i, UNUSUAL) for i in range(number)]
    return [PaperPicture(f"scene {s.seed}", to_png(render(s, SIZE)), s) for s in scenes]


def picture_sets(settings: Settings, folder: Path | None) -> Iterator[PictureSet]:
    """The sets of the guitar: the subfolders, each asked for the colour of what it is named."""
    if folder is None:
        _require_bundled(settings)
        for drawn in SETS.values():
            images = tuple(
                PaperPicture(name, to_png(image), scene)
                for (name, image), scene in zip(drawn.images(), drawn.scenes(), strict=True)
            )
            yield PictureSet(drawn.name, drawn.prompt, drawn.token, images)
        return
    for part in sorted(path for path in folder.iterdir() if path.is_dir()):
        chosen = tuple(PaperPicture(p.name, p.read_bytes()) for p in _images(part)[:PAPER_IMAGES])
        if len(chosen) < FEWEST_IMAGES:
            raise InputError(f"{part} holds {len(chosen)} pictures; a set needs {FEWEST_IMAGES}.")
        prompt = f"What is the color of the {part.name}?"
        yield PictureSet(part.name, prompt, FIRST_DIFFERENCE, chosen)


def _images(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder.")
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)


def _require_bundled(settings: Settings) -> None:
    if settings.model != BUNDLED_MODEL:
        raise InputError(
            f"{settings.model} needs pictures of its own: --images DIR, with those to describe in "
            "DIR and a subfolder of 12 for each kind, such as DIR/flower."
        )
