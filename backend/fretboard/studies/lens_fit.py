"""`fretboard lens`: what a lens is fitted on, the fit, and where it lies then."""

import random
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from PIL import Image

from fretboard.core.errors import InputError
from fretboard.core.fitted_lens import FITTED_KINDS, FitSettings
from fretboard.core.images import read_picture
from fretboard.core.model_info import served_model
from fretboard.core.own_models import BUNDLED_MODEL
from fretboard.core.progress import bar
from fretboard.core.reading import Lens
from fretboard.core.settings import Settings
from fretboard.core.whole_file import read_file
from fretboard.engine.fitted import FittedLenses
from fretboard.engine.lens_fit.examples import FitExample
from fretboard.engine.lens_fit.fit import LensFit
from fretboard.engine.session import Session
from fretboard.store.fitted_lenses import lens_path, write_lens
from fretboard.studies.sources import find_items
from fretboard.tiny_llava.world.backdrop import render
from fretboard.tiny_llava.world.dialogue import (
    CAPTION,
    brief_caption,
    conversation,
    detailed_caption,
)
from fretboard.tiny_llava.world.scene import SceneMix, sample_scene

WORLD = 1000  # scenes of the bundled world, unless told
FIRST_SEED = 110_000_000  # of scenes: none is trained on, none is measured on
Examples = tuple[list[FitExample], str]


def fit_into(
    settings: Settings, kind: Lens, material: Examples, chosen: FitSettings, output: Path | None
) -> Iterator[str]:
    """Lines that say what was done. Raises InputError."""
    if kind not in FITTED_KINDS:
        raise InputError(f"The {kind} lens needs no fit; {', '.join(FITTED_KINDS)} do.")
    session = Session.open(settings)
    served, (examples, data) = session.served, material
    place = output or lens_path(settings.lenses, served.revision, kind)
    checkpoint = session.pipeline.checkpoint
    with bar(total=len(examples) * chosen.rounds, unit="example", desc=f"{kind} lens") as shown:
        fit = LensFit(checkpoint, served, kind, examples, data, chosen)
        recipe = fit.run(place, lambda done, _total: shown.update(done - shown.n))
    read = ", ".join(f"{count} {span}" for span, count in recipe.positions.items())
    yield f"{kind} lens of {served.name} from {recipe.examples} examples ({read} positions)"
    for span, shares in recipe.spread.items():
        known = [share for share in shares if share is not None]
        if known:
            worst = f"{min(known):.1%} to {max(known):.1%}"
            yield f"{span}: the standard error is {worst} of J, by depth"
    yield str(place)


def import_lens(settings: Settings, path: Path, output: Path | None) -> str:
    """Another tool's lens into the folder of lenses; returns where it lies. Raises InputError."""
    from fretboard.engine.lens_fit.foreign import read_foreign

    session = Session.open(settings)
    anatomy, served = session.pipeline.checkpoint.anatomy, session.served
    recipe, arrays = read_foreign(path, served, len(anatomy.layers), anatomy.width)
    place = output or lens_path(settings.lenses, served.revision, recipe.kind)
    write_lens(place, recipe, arrays)
    left = ", ".join(map(str, recipe.unfitted))
    return str(place) + (f" (depths {left} are read as normed: it has none there)" if left else "")


def export_lens(settings: Settings, output: Path) -> str:
    """The Jacobian lens in Neuronpedia's form; returns where it lies. Raises InputError."""
    from fretboard.engine.lens_fit.foreign import write_jacobian

    served = served_model(settings.model)
    recipe, arrays = FittedLenses(served.name, served.revision, settings.lenses).read(Lens.JACOBIAN)
    write_jacobian(output, recipe, arrays)
    return str(output)


def material_of(
    settings: Settings,
    kind: Lens,
    images: Sequence[str],
    captions: Path | None,
    prompts: Sequence[str],
    limit: int | None,
) -> Examples:
    """(examples, what they are in words) that a kind of lens is fitted on. Raises InputError.

    images, captions: where they lie; of the bundled model they are drawn unless named.
    """
    if kind is Lens.LATENT:
        if captions is None:
            return world_captions(settings, limit or WORLD)
        return caption_examples(captions, (*prompts, CAPTION)[0], limit)
    if images:
        return picture_examples(settings, images, prompts, limit)
    return world_examples(settings, limit or WORLD)


def picture_examples(
    settings: Settings, sources: Sequence[str], prompts: Sequence[str], limit: int | None
) -> Examples:
    """(every picture with the prompts in turn, what they are in words). Raises InputError."""
    items = find_items(sources, prompts[0] if prompts else "", limit=limit)
    chosen = [
        FitExample(
            item.prompt or "" if len(prompts) < 2 else prompts[place % len(prompts)],
            partial(_opened, item.image, settings.max_image_pixels),
        )
        for place, item in enumerate(items)
    ]
    return chosen, f"{len(chosen)} pictures of {', '.join(sources)}; {_prompts_of(chosen)}"


def world_examples(settings: Settings, count: int) -> Examples:
    """(drawn scenes, each with a question of its dialogue, the same in words)."""
    _require_world(settings, "Name pictures: --images FOLDER, and what to ask: --prompt.")
    chosen = []
    for seed in range(FIRST_SEED, FIRST_SEED + count):
        scene, rng = sample_scene(seed, SceneMix(typical=0.5)), random.Random(seed)
        said = [CAPTION, rng.choice(conversation(scene, rng)).question]
        chosen.append(FitExample(said[seed % 2], partial(render, scene)))
    last = FIRST_SEED + count - 1
    return chosen, f"scenes {FIRST_SEED} to {last} of the bundled world: a caption or a question"


def caption_examples(path: Path, prompt: str, limit: int | None) -> Examples:
    """(captions of a text file, one a line, each as the answer to `prompt`, the same in words)."""
    lines = read_file(path).decode("utf-8", errors="replace").splitlines()
    captions = [line.strip() for line in lines if line.strip()][:limit]
    if not captions:
        raise InputError(f"{path} holds no captions: one is expected on each line.")
    return _captions(captions, prompt), f"{len(captions)} captions of {path.name}"


def world_captions(settings: Settings, count: int) -> Examples:
    """(captions of drawn scenes, in detail and brief, the same in words)."""
    _require_world(settings, "Name a text file of captions: --captions FILE.")
    scenes = [
        sample_scene(seed, SceneMix(typical=0.5)) for seed in range(FIRST_SEED, FIRST_SEED + count)
    ]
    tell = (detailed_caption, brief_caption)
    captions = [tell[place % 2](scene).answer for place, scene in enumerate(scenes)]
    return _captions(captions, CAPTION), f"captions of {count} scenes of the bundled world"


def _captions(captions: Sequence[str], prompt: str) -> list[FitExample]:
    return [FitExample(prompt, continuation=caption) for caption in captions]


def _require_world(settings: Settings, remedy: str) -> None:
    if settings.model != BUNDLED_MODEL:
        raise InputError(f"{settings.model} has no world of its own to be fitted on. {remedy}")


def _opened(path: Path, pixels: int) -> Image.Image:
    return read_picture(read_file(path), pixels).image


def _prompts_of(examples: Sequence[FitExample]) -> str:
    prompts = list(dict.fromkeys(example.prompt for example in examples))
    more = f" and {len(prompts) - 3} more" if len(prompts) > 3 else ""
    return "; ".join(f"“{prompt}”" for prompt in prompts[:3]) + more
