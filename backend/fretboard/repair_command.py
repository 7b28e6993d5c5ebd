"""`fretboard repairs` and `fretboard compression`: ways to answer over many images, as tables."""

from pathlib import Path
from typing import Annotated, Any

import typer

from fretboard.commands import configured_settings
from fretboard.skip_command import JUDGED, ROWS, estimate_range

IMAGES = "Folders, patterns or annotation files."
JUDGED_TOO = (*JUDGED, "named", "answers correct")

Images = Annotated[list[str], typer.Argument(help=IMAGES)]
Output = Annotated[Path, typer.Option("--output", "-o", help="Folder to write or continue.")]
Prompt = Annotated[str, typer.Option("--prompt", "-p", help="Where none is annotated.")]
Pictures = Annotated[Path | None, typer.Option("--images", help="Where annotated pictures lie.")]
Annotations = Annotated[Path | None, typer.Option(help="A second annotation file, as for survey.")]
Tokens = Annotated[int | None, typer.Option(help="Longest answer, in tokens.")]
Limit = Annotated[int | None, typer.Option(min=1, help="Only the first so many.")]


def repairs(
    images: Images,
    output: Output,
    repair: Annotated[
        list[str] | None, typer.Option(help="Only this one, such as 'deco strength=0.8'; repeat.")
    ] = None,
    prompt: Prompt = "",
    pictures: Pictures = None,
    annotations: Annotations = None,
    max_new_tokens: Tokens = None,
    limit: Limit = None,
) -> None:
    """Answer many images plainly and with each repair; what becomes better or worse, as a table."""
    from fretboard.survey.sources import find_items
    from fretboard.survey.variants import REPAIRS, run_repairs

    items = find_items(images, prompt, pictures, annotations, limit)
    table = run_repairs(
        configured_settings(), items, _request(max_new_tokens), output, tuple(repair or ())
    )
    _tell(table, output / REPAIRS)


def compression(
    images: Images,
    output: Output,
    most: Annotated[int, typer.Option(min=1, help="Leave out 1 to so many layers.")] = 4,
    prompt: Prompt = "",
    pictures: Pictures = None,
    annotations: Annotations = None,
    max_new_tokens: Tokens = None,
    limit: Limit = None,
) -> None:
    """Answer many images with ever fewer layers; what is kept, and how much faster, as a table."""
    from fretboard.survey.sources import find_items
    from fretboard.survey.variants import COMPRESSION, run_compression

    items = find_items(images, prompt, pictures, annotations, limit)
    table = run_compression(configured_settings(), items, _request(max_new_tokens), output, most)
    _tell(table, output / COMPRESSION)


def _request(max_new_tokens: int | None) -> Any:
    from fretboard.request import DEFAULT_NEW_TOKENS
    from fretboard.survey.runner import SurveyRequest

    return SurveyRequest(max_new_tokens or DEFAULT_NEW_TOKENS, "normed", "", keep_states=False)


def _tell(table: dict[str, Any], path: Path) -> None:
    typer.echo("\n".join([*lines(table), f"Table: {path}"]))
    if table["interrupted"]:
        typer.echo("Stopped. Run the same command again to continue.")
        raise typer.Exit(130)  # as a shell reports Ctrl-C


def lines(table: dict[str, Any]) -> list[str]:
    """The table as text, a block a way of answering."""
    told = [f"{table['done']} of {table['items']} answered"]
    for way, found in table["ways"].items():
        told.append(f"{way}: {found['images']} images, {found['failed']} failed")
        told += [
            f"  {name:<22}{estimate_range(found[name])}"
            for name in (*ROWS, "overruled", "slower", "layers")
        ]
        for name in JUDGED_TOO:
            if found[name]["plain"] is not None:
                steps = [
                    f"{step} {estimate_range(value)}"
                    for step, value in found[name].items()
                    if value
                ]
                told.append(f"  {name:<22}{', '.join(steps)}")
    return told
