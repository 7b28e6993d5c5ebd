"""`fretboard report`: one archive for a bug report."""

from pathlib import Path
from typing import Annotated

import typer

from fretboard.cli.options import configured_settings


def report(
    record: Annotated[
        Path | None, typer.Argument(help="A folder that `fretboard analyze` wrote.")
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o")] = Path("fretboard-report.zip"),
    model: Annotated[str | None, typer.Option(help="Default FRETBOARD_MODEL.")] = None,
    log: Annotated[Path | None, typer.Option(help="A log file; its end goes in.")] = None,
    without_image: Annotated[bool, typer.Option(help="Leave the picture out.")] = False,
    only_versions: Annotated[bool, typer.Option("--versions", help="Print these alone.")] = False,
) -> None:
    """Pack versions, a checkpoint's small files, a record and the log, without personal paths."""
    from fretboard.analysis.bug_report import Contents, pack, versions

    if only_versions:
        typer.echo(versions(), nl=False)
        return
    contents = Contents(configured_settings(model), record, log, not without_image)
    for name in pack(contents, output):
        typer.echo(name)
    typer.echo(f"→ {output}. Look into it before you hand it in: prompt and answer are in it.")
