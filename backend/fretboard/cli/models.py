"""`fretboard models`: what is on this machine, fetching, removing."""

import typer

from fretboard.cli.options import configured_settings
from fretboard.core import hub
from fretboard.core.progress import bar

models = typer.Typer(
    no_args_is_help=False,
    help="List, fetch and remove checkpoints of the hub.",
    add_completion=False,
)


@models.callback(invoke_without_command=True)
def listing(context: typer.Context) -> None:
    """What is here, and what is worth fetching."""
    if context.invoked_subcommand is not None:
        return
    from fretboard.jobs.model_choice import RECOMMENDED

    chosen = configured_settings().model
    local = hub.here()
    typer.echo(f"{'':>9}  {chosen}  (FRETBOARD_MODEL)")
    for model in local:
        typer.echo(f"{hub.gigabytes(model.bytes):>9}  {model.name}  here")
    for entry in RECOMMENDED:
        if entry.name not in {model.name for model in local}:
            typer.echo(f"{hub.gigabytes(entry.bytes):>9}  {entry.name}  to fetch: {entry.about}")


@models.command()
def fetch(name: str) -> None:
    """Download a checkpoint, or go on where it stopped."""
    with bar(total=0, unit="B", unit_scale=True, desc=name) as shown:

        def progress(count: int, total: int) -> None:
            shown.total = total
            shown.update(count - shown.n)

        folder = hub.fetch(name, progress, lambda: False)
    typer.echo(folder)


@models.command()
def remove(name: str) -> None:
    """Delete a checkpoint from the hub's cache."""
    typer.echo(f"{hub.gigabytes(hub.remove(name))} are free again.")
