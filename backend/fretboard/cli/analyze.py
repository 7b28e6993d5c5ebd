"""One analysis: into a folder, drawn, tested."""

from pathlib import Path
from typing import Annotated

import typer
from pydantic import StrictInt, TypeAdapter, ValidationError

from fretboard.analysis.figure_options import FigureOptions
from fretboard.analysis.skip_presets import Preset
from fretboard.cli.options import (
    Output,
    Without,
    configured_settings,
    drawn_world_settings,
    from_fields,
)
from fretboard.core.causal_test import Kind
from fretboard.core.errors import InputError
from fretboard.core.map_settings import MapSettings
from fretboard.core.question import Question
from fretboard.core.reading import Reading
from fretboard.figures.theme import ThemeName

PRESET = "Answer plainly into OUTPUT/plain, then without the layers this preset became."


UNTESTED = ("lens", "skip_layers", "skip_when", "repair", "steering")  # a test runs the whole model


@from_fields
def analyze(
    question: Question,
    reading: Reading,
    image: Annotated[Path | None, typer.Argument(help="An image; leave out for text only.")] = None,
    output: Output = Path("."),
    skip_preset: Annotated[Preset | None, typer.Option(help=PRESET)] = None,
) -> None:
    """Analyse one image into a folder, without a server."""
    from fretboard.core.whole_file import read_file
    from fretboard.engine.folder import analyze_to_folder, analyze_with_preset

    settings = configured_settings(question.model)
    question = question.but(image=read_file(image) if image else None)
    if skip_preset is None:
        analysis = analyze_to_folder(settings, question, output, reading)
    else:
        if question.skip_layers:
            raise SystemExit("--skip-layers and --skip-preset exclude each other: give one.")
        plain, analysis = analyze_with_preset(settings, question, output, reading, skip_preset)
        layers = ", ".join(map(str, analysis.request.skip_layers))
        typer.echo(f"plain: {plain.answer}\n{skip_preset} = layers {layers}:")
    if analysis.request.image and analysis.request.image.note:
        typer.echo(f"{image}: {analysis.request.image.note}")
    typer.echo(analysis.answer)
    if analysis.stages and analysis.stages.reason:
        typer.echo(analysis.stages.reason)
    typer.echo(f"{len(analysis.tokens)} tokens, {analysis.model.layers + 1} depths → {output}")


@from_fields
def figure(
    folder: Annotated[Path, typer.Argument(help="Written by `fretboard analyze`.")],
    name: Annotated[str, typer.Argument(help="Such as fretboard or competition.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="x.html, .json, .svg or .png.")],
    reading: Reading,
    options: FigureOptions,
    map_settings: MapSettings,
    model: Annotated[str | None, typer.Option(help="Default FRETBOARD_MODEL.")] = None,
) -> None:
    """Draw a figure of an analysis folder into a file; unless told, as the folder is read."""
    from fretboard.analysis.headings import heading
    from fretboard.engine.folder import draw
    from fretboard.figures.export import check_format, write_figure

    check_format(output)
    settings = configured_settings(model)
    drawn, subject = draw(settings, folder, name, reading, options, map_settings)
    write_figure(drawn, output, options.theme, *heading(name, subject, options))
    typer.echo(str(output))


@from_fields
def experiment(
    kind: Annotated[Kind, typer.Argument(help="knockout, patching, attribution, cut, saliency.")],
    images: Annotated[list[Path], typer.Argument(help="One or more images.")],
    output: Output,
    question: Annotated[Question, Without(UNTESTED)],
    other: Annotated[
        Path | None, typer.Option(help="Patch against this image; default: a grey one.")
    ] = None,
    into_image: Annotated[
        bool, typer.Option(help="Patch the other run's states into the image's run.")
    ] = False,
    rival: Annotated[str, typer.Option(help="Attribute against this word.")] = "",
    token: Annotated[int | None, typer.Option(help="Draw this token; default: the mean.")] = None,
    svg: Annotated[bool, typer.Option(help="Draw an SVG too.")] = False,
    theme: Annotated[ThemeName, typer.Option(help="Colours.")] = "light",
) -> None:
    """Test what causes an answer: skip, patch, attribute or blind; again to continue."""
    from fretboard.engine.session import Session
    from fretboard.studies.causal import CausalTestRun

    session = Session.open(configured_settings(question.model), output)
    suffixes = (".html", ".svg") if svg else (".html",)
    run = CausalTestRun(session, question, kind, other, into_image, rival, token, suffixes, theme)
    for line in run.run(tuple(images)):
        typer.echo(line)


@from_fields
def export(
    place: Annotated[
        Path,
        typer.Argument(
            help="An analysis's folder, an archive (.zip), or a "
            "record of a store: sets/ID, experiments/ID."
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="x.zip, .html, .ipynb or .bib.")],
    options: Annotated[FigureOptions, Without(("color_by",))],
    beside: Annotated[
        Path | None, typer.Option(help="A second analysis: then the comparison of both.")
    ] = None,
) -> None:
    """Write a record as an archive, a page that opens offline, a notebook or BibTeX."""
    from fretboard.analysis.export.write import export as write
    from fretboard.engine.opened import exported_place

    record = exported_place(configured_settings(), place, options, beside)
    write(record, output, theme=options.theme)
    typer.echo(str(output))


def examples(
    output: Annotated[Path, typer.Option(help="Where the shipped examples lie.")],
    count: Annotated[int, typer.Option(help="How many gallery scenes to analyse.")] = 4,
    model: Annotated[str | None, typer.Option(help="Default FRETBOARD_MODEL.")] = None,
) -> None:
    """Make the ready-made analyses that are shipped with the bundled model."""
    from fretboard.studies.examples import build_examples

    for line in build_examples(drawn_world_settings(model), output, count):
        typer.echo(line)


def import_states(
    states: Annotated[Path, typer.Argument(help="A .safetensors, .npz or .pt file.")],
    answer_from: Annotated[int, typer.Option(help="Position of the answer's first token.")],
    output: Output = Path("."),
    tokens: Annotated[
        Path | None, typer.Option(help="JSON list of token ids, where the file has none.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Default FRETBOARD_MODEL.")] = None,
) -> None:
    """Read hidden states that TransformerLens, nnsight or vLLM saved, as an analysis folder."""
    import fretboard as fb

    settings = configured_settings(model)
    ids = _ids(tokens) if tokens else None
    analysis = fb.load(settings.model).import_states(states, answer_from, ids)
    typer.echo(f"{analysis.answer}\n{len(analysis.tokens)} tokens → {analysis.save(output)}")


def _ids(path: Path) -> list[int]:
    try:
        return TypeAdapter(list[StrictInt]).validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise InputError(f"{path} holds no JSON list of token ids: correct it.") from error
