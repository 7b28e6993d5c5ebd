"""Around the instrument: a checkpoint checked, the store cleaned, faults reported, tools served."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from redis.exceptions import RedisError

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


DAYS = "Days that a record stays after it was last written; default FRETBOARD_KEEP_DAYS."
BYTES = "Bytes of all records that may stay; default FRETBOARD_STORE_BYTES."


def clean(
    keep_days: Annotated[float | None, typer.Option(min=0, help=DAYS)] = None,
    store_bytes: Annotated[int | None, typer.Option(min=0, help=BYTES)] = None,
    dry_run: Annotated[bool, typer.Option(help="Only say what would go.")] = False,
) -> None:
    """Delete the longest unwritten analyses, image sets and causal tests; 0: no limit."""
    from fretboard.jobs.cleanup import StoreLimits
    from fretboard.jobs.cleanup import clean as run
    from fretboard.jobs.services import build_services

    settings = configured_settings()
    limits = StoreLimits(
        settings.keep_days if keep_days is None else keep_days,
        settings.store_bytes if store_bytes is None else store_bytes,
    )
    try:
        report = run(build_services(settings), limits, dry_run)
    except RedisError as error:
        raise SystemExit(f"Redis does not answer ({error}). Check REDIS_URL.") from error
    typer.echo(f"would be: {report}" if dry_run else str(report))


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


def mcp(
    model: Annotated[str | None, typer.Option(help="Default FRETBOARD_MODEL.")] = None,
    url: Annotated[str | None, typer.Option(help="A running server, in place of a model.")] = None,
    token: Annotated[str | None, typer.Option(help="The server's access token.")] = None,
) -> None:
    """Serve analyze, read, competition, compare and test over standard input and output."""
    import fretboard as fb

    try:
        from fretboard.face.mcp_tools import build_server
    except ModuleNotFoundError as error:
        if error.name != "mcp":
            raise
        raise SystemExit('This needs the SDK: pip install "fretboard-vlm[mcp]".') from None
    settings = configured_settings(model)
    place = fb.connect(url, token) if url else fb.load(settings.model, settings.store_url)
    build_server(place).run()
