"""Many images: surveys, ways of answering compared, image sets, the paper's curves."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from fretboard.cli.options import (
    Images,
    Limit,
    Output,
    Pictures,
    configured_settings,
    drawn_world_settings,
    from_fields,
)
from fretboard.core.map_settings import MapSettings, paper_settings
from fretboard.core.question import Question

ROWS = ("kept", "in order", "unchanged")
JUDGED = ("hallucinated words", "correct words", "hallucinated colours", "correct colours")
JUDGED_TOO = (*JUDGED, "named", "answers correct")
TOKEN = "first-difference, after:is, class:colour, words:red,blue or an index."
STOPPED = "Stopped. Run the same command again to continue."
BY_CTRL_C = 130  # exit status, as a shell reports Ctrl-C
Annotations = Annotated[Path | None, typer.Option(help="A second annotation file: AMBER's.")]


@from_fields
def survey(
    images: Images,
    output: Output,
    question: Question,
    pictures: Pictures = None,
    annotations: Annotations = None,
    limit: Limit = None,
    keep_states: Annotated[bool, typer.Option(help="Keep hidden states for the page.")] = True,
    earlier: Annotated[
        Path | None, typer.Option("--from", help="Another survey's folder, to compare with.")
    ] = None,
) -> None:
    """Analyse many images into one table, a summary and a report; again to continue."""
    from fretboard.engine.session import Session
    from fretboard.studies.survey.run import Sources, run_survey

    session = Session.open(configured_settings(question.model), output)
    sources = Sources(tuple(images), pictures, annotations, limit, earlier)
    written = run_survey(session, sources, question, output, keep_states)
    typer.echo(written)
    if written.interrupted:
        raise typer.Exit(BY_CTRL_C)


@from_fields
def trajectory(
    images: Images,
    output: Output,
    question: Question,
    map_settings: MapSettings,
    token: Annotated[str, typer.Option(help=TOKEN)] = "first-difference",
    paper: Annotated[bool, typer.Option(help="The paper's settings of the map.")] = False,
) -> None:
    """Map one token position over many images, with its quality and dispersion."""
    from fretboard.engine.session import Session
    from fretboard.studies.image_set import make_trajectory

    if paper and map_settings.model_fields_set:
        raise SystemExit("--paper and --map exclude each other; leave one out.")
    settings = paper_settings("images") if paper else map_settings
    session = Session.open(configured_settings(question.model), output)
    for line in make_trajectory(session, tuple(images), question, token, settings, output):
        typer.echo(line)


@from_fields
def skips(images: Images, output: Output, question: Question, limit: Limit = None) -> None:
    """Answer many images plainly and without each preset's layers; what is kept, as a table."""
    from fretboard.studies.variants.run import SKIPS, run_skips

    session, items = opened(images, output, question, limit=limit)
    table = run_skips(session, items, question, output)
    lines = [f"{table['done']} of {table['items']} answered"]
    for preset, row in table["presets"].items():
        lines.append(
            f"{preset}: {row['images']} images, {row['no layers to skip']} without such "
            f"layers, {row['failed']} failed"
        )
        lines += estimates(row, ("layers", *ROWS), JUDGED)
    tell(table, lines, output / SKIPS.file)


@from_fields
def repairs(
    images: Images,
    output: Output,
    question: Question,
    repair: Annotated[
        list[str] | None, typer.Option(help="Only this one, such as 'deco strength=0.8'; repeat.")
    ] = None,
    pictures: Pictures = None,
    annotations: Annotations = None,
    limit: Limit = None,
) -> None:
    """Answer many images plainly and with each repair; what becomes better or worse, as a table."""
    from fretboard.studies.variants.run import REPAIRS, run_repairs

    session, items = opened(images, output, question, pictures, annotations, limit)
    table = run_repairs(session, items, question, output, tuple(repair or ()))
    tell(table, ways(table), output / REPAIRS.file)


@from_fields
def compression(
    images: Images,
    output: Output,
    question: Question,
    most: Annotated[int, typer.Option(min=1, help="Leave out 1 to so many layers.")] = 4,
    pictures: Pictures = None,
    annotations: Annotations = None,
    limit: Limit = None,
) -> None:
    """Answer many images with ever fewer layers; what is kept, and how much faster, as a table."""
    from fretboard.studies.variants.run import COMPRESSION, run_compression

    session, items = opened(images, output, question, pictures, annotations, limit)
    table = run_compression(session, items, question, output, most)
    tell(table, ways(table), output / COMPRESSION.file)


def reproduce(
    output: Output,
    images: Annotated[
        Path | None,
        typer.Option(help="Pictures to describe; in subfolders, sets such as flower."),
    ] = None,
    scenes: Annotated[int, typer.Option(min=1, help="How many pictures to describe.")] = 12,
    model: Annotated[str | None, typer.Option(help="Default FRETBOARD_MODEL.")] = None,
) -> None:
    """Draw the paper's reference curves for the served model, with an index page."""
    from fretboard.studies.paper.run import reproduce as run

    settings = configured_settings(model) if images else drawn_world_settings(model)
    for line in run(settings, output, images, scenes):
        typer.echo(line)


def opened(
    images: list[str],
    output: Path,
    question: Question,
    pictures: Path | None = None,
    annotations: Path | None = None,
    limit: int | None = None,
) -> tuple[Any, list[Any]]:
    """(the session over `output`, the items that the images stand for). Raises InputError."""
    from fretboard.engine.session import Session
    from fretboard.studies.sources import find_items

    items = find_items(images, question.prompt, pictures, annotations, limit)
    return Session.open(configured_settings(question.model), output), items


def ways(table: dict[str, Any]) -> list[str]:
    """The table as text, a block a way of answering."""
    lines = [f"{table['done']} of {table['items']} answered"]
    for way, row in table["ways"].items():
        lines.append(f"{way}: {row['images']} images, {row['failed']} failed")
        lines += estimates(row, (*ROWS, "overruled", "slower", "layers"), JUDGED_TOO)
    return lines


def tell(table: dict[str, Any], lines: Iterable[str], path: Path) -> None:
    """Print the lines and where the table lies. Raises typer.Exit where Ctrl-C ended the run."""
    typer.echo("\n".join([*lines, f"Table: {path}"]))
    if table["interrupted"]:
        typer.echo(STOPPED)
        raise typer.Exit(BY_CTRL_C)


def estimates(row: dict[str, Any], names: Iterable[str], judged: Iterable[str]) -> list[str]:
    """A line a number, and for what was judged its steps (plain, changed, change)."""
    lines = [f"  {name:<22}{row[name].text(3)}" for name in names]
    for name in judged:
        if row[name]["plain"] is not None:
            steps = [f"{step} {value.text(3)}" for step, value in row[name].items() if value]
            lines.append(f"  {name:<22}{', '.join(steps)}")
    return lines
