"""`fretboard repairs` and `fretboard compression`: ways to answer over many images, as tables."""

from pathlib import Path
from typing import Annotated, Any

import typer

from fretboard.cli.analyze import configured_settings
from fretboard.cli.studies import (
    JUDGED,
    ROWS,
    Images,
    Limit,
    Output,
    Prompt,
    Tokens,
    estimates,
    survey_request,
    tell,
)

JUDGED_TOO = (*JUDGED, "named", "answers correct")

Pictures = Annotated[Path | None, typer.Option("--images", help="Where annotated pictures lie.")]
Annotations = Annotated[Path | None, typer.Option(help="A second annotation file, as for survey.")]


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
    from fretboard.studies.sources import find_items
    from fretboard.studies.variants.run import REPAIRS, run_repairs

    items = find_items(images, prompt, pictures, annotations, limit)
    table = run_repairs(
        configured_settings(), items, survey_request(max_new_tokens), output, tuple(repair or ())
    )
    tell(table, lines(table), output / REPAIRS)


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
    from fretboard.studies.sources import find_items
    from fretboard.studies.variants.run import COMPRESSION, run_compression

    items = find_items(images, prompt, pictures, annotations, limit)
    table = run_compression(
        configured_settings(), items, survey_request(max_new_tokens), output, most
    )
    tell(table, lines(table), output / COMPRESSION)


def lines(table: dict[str, Any]) -> list[str]:
    """The table as text, a block a way of answering."""
    told = [f"{table['done']} of {table['items']} answered"]
    for way, found in table["ways"].items():
        told.append(f"{way}: {found['images']} images, {found['failed']} failed")
        told += estimates(found, (*ROWS, "overruled", "slower", "layers"), JUDGED_TOO)
    return told
