"""`fretboard clean`: delete what is older or more than the store is to keep."""

from typing import Annotated

import typer
from redis.exceptions import RedisError

from fretboard.cli.options import configured_settings

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
