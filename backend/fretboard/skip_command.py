"""`fretboard skips`: the presets of skipped layers over many images, as a table."""

from pathlib import Path
from typing import Annotated, Any

import typer

from fretboard.commands import configured_settings

ROWS = ("kept", "in order", "unchanged")
JUDGED = ("hallucinated words", "correct words", "hallucinated colours", "correct colours")


def skips(
    images: Annotated[list[str], typer.Argument(help="Folders, patterns or annotation files.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write or continue.")],
    prompt: Annotated[str, typer.Option("--prompt", "-p", help="Where none is annotated.")] = "",
    max_new_tokens: Annotated[int | None, typer.Option(help="Longest answer, in tokens.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many.")] = None,
) -> None:
    """Answer many images plainly and without each preset's layers; what is kept, as a table."""
    from fretboard.request import DEFAULT_NEW_TOKENS
    from fretboard.survey.runner import SurveyRequest
    from fretboard.survey.skips import TABLE, run_skips
    from fretboard.survey.sources import find_items

    items = find_items(images, prompt, limit=limit)
    request = SurveyRequest(max_new_tokens or DEFAULT_NEW_TOKENS, "normed", "", keep_states=False)
    table = run_skips(configured_settings(), items, request, output)
    for line in lines(table):
        typer.echo(line)
    typer.echo(f"Table: {output / TABLE}")
    if table["interrupted"]:
        typer.echo("Stopped. Run the same command again to continue.")
        raise typer.Exit(130)  # as a shell reports Ctrl-C


def lines(table: dict[str, Any]) -> list[str]:
    """The table as text, a block a preset."""
    told = [f"{table['done']} of {table['items']} answered"]
    for preset, found in table["presets"].items():
        told.append(
            f"{preset}: {found['images']} images, {found['no layers to skip']} without such "
            f"layers, {found['failed']} failed"
        )
        told += [f"  {name:<22}{estimate_range(found[name])}" for name in ("layers", *ROWS)]
        for name in JUDGED:
            if found[name]["plain"] is not None:
                steps = [
                    f"{step} {estimate_range(value)}"
                    for step, value in found[name].items()
                    if value
                ]
                told.append(f"  {name:<22}{', '.join(steps)}")
    return told


def estimate_range(estimate: dict[str, Any]) -> str:
    """`0.52 (0.40 to 0.63)`."""
    if estimate["value"] is None:
        return "–"
    if estimate["low"] is None:
        return f"{estimate['value']:.3f}"
    return f"{estimate['value']:.3f} ({estimate['low']:.3f} to {estimate['high']:.3f})"
