"""What commands share that answer many images in several ways: options, request, table as text."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from fretboard.studies.batch import SurveyRequest

ROWS = ("kept", "in order", "unchanged")
JUDGED = ("hallucinated words", "correct words", "hallucinated colours", "correct colours")

Images = Annotated[list[str], typer.Argument(help="Folders, patterns or annotation files.")]
Output = Annotated[Path, typer.Option("--output", "-o", help="Folder to write or continue.")]
Prompt = Annotated[str, typer.Option("--prompt", "-p", help="Where none is annotated.")]
Tokens = Annotated[int | None, typer.Option(help="Longest answer, in tokens.")]
Limit = Annotated[int | None, typer.Option(min=1, help="Only the first so many.")]


def survey_request(max_new_tokens: int | None) -> "SurveyRequest":
    """Answers alone: no hidden states are kept."""
    from fretboard.core.question import DEFAULT_NEW_TOKENS
    from fretboard.studies.batch import SurveyRequest

    return SurveyRequest(max_new_tokens or DEFAULT_NEW_TOKENS, "normed", "", keep_states=False)


def tell(table: dict[str, Any], lines: Iterable[str], path: Path) -> None:
    """Print the lines and where the table lies. Raises typer.Exit where Ctrl-C ended the run."""
    typer.echo("\n".join([*lines, f"Table: {path}"]))
    if table["interrupted"]:
        typer.echo("Stopped. Run the same command again to continue.")
        raise typer.Exit(130)  # as a shell reports Ctrl-C


def estimates(found: dict[str, Any], rows: Iterable[str], judged: Iterable[str]) -> list[str]:
    """A line a row, and for what was judged its steps (plain, changed, change)."""
    told = [f"  {name:<22}{estimate_range(found[name])}" for name in rows]
    for name in judged:
        if found[name]["plain"] is not None:
            steps = [
                f"{step} {estimate_range(value)}" for step, value in found[name].items() if value
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
