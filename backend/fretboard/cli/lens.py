"""`fretboard lens`: fit a lens to a model, take one from elsewhere, give one away."""

from pathlib import Path
from typing import Annotated

import typer

from fretboard.cli.options import Limit, configured_settings, from_fields
from fretboard.core.fitted_lens import FitSettings
from fretboard.core.reading import Lens

app = typer.Typer(no_args_is_help=True, help="Lenses that are fitted to a model.")
Model = Annotated[str | None, typer.Argument(help="A name, a folder; default FRETBOARD_MODEL.")]
Kind = Annotated[Lens, typer.Option(help="jacobian, tuned or latent.")]


@app.command()
@from_fields
def fit(
    settings: FitSettings,
    model: Model = None,
    kind: Kind = Lens.JACOBIAN,
    images: Annotated[
        list[str] | None, typer.Option(help="Folders, patterns; the bundled model has its own.")
    ] = None,
    prompt: Annotated[
        list[str] | None, typer.Option("--prompt", "-p", help="What to ask; may be repeated.")
    ] = None,
    captions: Annotated[
        Path | None, typer.Option(help="Latent: a text file, a caption on each line.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Default: in FRETBOARD_LENSES.")
    ] = None,
    limit: Limit = None,
) -> None:
    """Fit a lens to a model; the same again continues what was stopped."""
    from fretboard.studies.lens_fit import fit_into, material_of

    configured = configured_settings(model)
    material = material_of(configured, kind, images or [], captions, prompt or [], limit)
    for line in fit_into(configured, kind, material, settings, output):
        typer.echo(line)


@app.command("import")
def take(
    path: Annotated[Path, typer.Argument(help="A .pt of Neuronpedia, a tuned-lens folder.")],
    model: Model = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Default: in FRETBOARD_LENSES.")
    ] = None,
) -> None:
    """Take a Jacobian or tuned lens that another tool fitted to this model."""
    from fretboard.studies.lens_fit import import_lens

    typer.echo(import_lens(configured_settings(model), path, output))


@app.command("export")
def give(
    output: Annotated[Path, typer.Argument(help="The .pt file to write.")],
    model: Model = None,
) -> None:
    """Write the Jacobian lens in the form that Neuronpedia and jlens read."""
    from fretboard.studies.lens_fit import export_lens

    typer.echo(export_lens(configured_settings(model), output))
