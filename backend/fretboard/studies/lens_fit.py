"""A lens from the command line: the model loaded, the lens fitted, where it lies told."""

from collections.abc import Iterator
from pathlib import Path

from fretboard.core.errors import InputError
from fretboard.core.fitted_lens import FITTED_KINDS, FitSettings
from fretboard.core.model_info import served_model
from fretboard.core.progress import bar
from fretboard.core.reading import Lens
from fretboard.core.settings import Settings
from fretboard.engine.fitted import FittedLenses
from fretboard.engine.lens_fit.fit import LensFit
from fretboard.engine.session import Session
from fretboard.store.fitted_lenses import lens_path, write_lens
from fretboard.studies.lens_examples import Examples


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
