"""`fretboard check`: whether a checkpoint can be trusted with what this instrument says of it."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from fretboard.cli.options import configured_settings

TABLE = "Add the row to this file, such as backend/fretboard/engine/tried.json of a clone."
IMAGE = "Ask about this picture, in place of a drawn one."


def check(
    model: Annotated[
        str | None, typer.Argument(help="A name, a folder; default FRETBOARD_MODEL.")
    ] = None,
    image: Annotated[Path | None, typer.Option("--image", help=IMAGE)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    table: Annotated[Path | None, typer.Option("--add", help=TABLE)] = None,
) -> None:
    """Test a checkpoint: its numbers, lens, cache, image path, skips and batches. Status 1: no."""
    from fretboard.core.images import read_picture
    from fretboard.core.whole_file import read_file
    from fretboard.engine.check import check as run
    from fretboard.engine.tried import add

    settings, picture = configured_settings(model), None
    if image is not None:
        picture = read_picture(read_file(image), settings.max_image_pixels).image
    row = asdict(run(settings, picture))
    if table is not None:
        add(row, table)
    typer.echo(json.dumps(row, ensure_ascii=False) if as_json else _line(row))
    if not row["passed"]:
        raise typer.Exit(1)


def _line(row: dict) -> str:
    """One row for people, and the sentences below it."""
    facts = [
        "passed" if row["passed"] else "FAILED",
        f"{row['model']} ({row['family']}, {row['layers']} layers, {row['dtype'] or 'not loaded'})",
        *(
            f"{name} {row[name]:.1e}"
            for name in ("lens", "cache", "batch")
            if row[name] is not None
        ),
        *(f"{name} changes {row[name]:.2f}" for name in ("image", "skip") if row[name] is not None),
        f"{row['image_positions']} image positions",
        f"{row['peak_bytes'] / 1e9:.2f} GB",
        f"{sum(row['seconds'].values()):.1f} s",
    ]
    return "\n".join([" · ".join(facts), *row["problems"]])
