"""The command line: serving and working here, what needs no server in `commands`."""

import json
import logging
import os
import signal
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import BaseModel

from fretboard.cli import analyze, lens, studies, tools
from fretboard.cli.models import models
from fretboard.cli.options import configured_settings
from fretboard.core.errors import FretboardError, said
from fretboard.core.logs import keep_traceback
from fretboard.core.settings import Settings

if TYPE_CHECKING:
    from fretboard.jobs.worker import Worker

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="See how a vision-language model's answer takes shape, layer by layer.",
)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address; default FRETBOARD_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; default PORT.")] = None,
    model: Annotated[str | None, typer.Option(help="Default FRETBOARD_MODEL.")] = None,
) -> None:
    """Serve the page and the API."""
    from fretboard.cli.serve import serve as run

    chosen = {"host": host, "port": port}
    settings = configured_settings(model)
    run(settings.model_copy(update={k: v for k, v in chosen.items() if v is not None}))


@app.command()
def worker(
    model: Annotated[str | None, typer.Option(help="Default FRETBOARD_MODEL.")] = None,
) -> None:
    """Run a model for web processes elsewhere (needs REDIS_URL)."""
    from fretboard.jobs.services import build_services
    from fretboard.jobs.worker import Worker

    settings = configured_settings(model)
    if settings.redis_url is None:
        raise SystemExit("A worker of its own needs REDIS_URL; without Redis, run fretboard serve.")
    services = build_services(settings)
    status = _run_until_stopped(Worker(services), services.jobs.halted)
    logging.shutdown()
    os._exit(status)  # a thread that loads the model, or is inside a step of it, is left alone


@app.command()
def health() -> None:
    """Say whether the workers of this machine or container are well (status 0), through Redis."""
    from redis.exceptions import RedisError

    from fretboard.jobs.heartbeat import unwell
    from fretboard.jobs.services import build_services

    try:
        workers = build_services(configured_settings()).bus.facts().values()
    except RedisError as error:
        raise SystemExit(f"Redis does not answer ({error}). Check REDIS_URL.") from error
    problem = unwell(workers, socket.gethostname())
    if problem:
        raise SystemExit(problem)


@app.command()
def openapi(
    schemas: Annotated[
        Path | None, typer.Option(help="Write the records' JSON Schemas into this folder instead.")
    ] = None,
) -> None:
    """Print the API's OpenAPI document."""
    from fretboard.jobs.services import build_services
    from fretboard.server.app import create_app

    if schemas is not None:
        _write_schemas(schemas)
        return
    settings = Settings(STORE_URL="memory://", REDIS_URL=None)
    schema = create_app(build_services(settings), lambda: None).openapi()
    typer.echo(json.dumps(schema, indent=1, sort_keys=True))


def _write_schemas(folder: Path) -> None:
    """One file a kind of record and version of its schema; those of older versions stay."""
    from fretboard.core.analysis import SCHEMA_VERSION, Analysis
    from fretboard.core.causal_test import CausalTest
    from fretboard.core.image_set import ImageSet

    folder.mkdir(parents=True, exist_ok=True)
    kinds: dict[str, type[BaseModel]] = {
        "analysis": Analysis,
        "image-set": ImageSet,
        "causal-test": CausalTest,
    }
    for name, kind in kinds.items():
        schema = kind.model_json_schema(mode="serialization")
        path = folder / f"{name}-{SCHEMA_VERSION}.json"
        path.write_text(json.dumps(schema, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        typer.echo(path)


for _command in (
    analyze.analyze, analyze.figure, analyze.export, studies.survey, studies.trajectory,
    analyze.experiment, studies.reproduce, analyze.examples, studies.skips, studies.repairs,
    studies.compression, tools.clean, tools.check, tools.mcp, tools.report,
):  # fmt: skip
    app.command()(_command)
app.add_typer(lens.app, name="lens")
app.command("import")(analyze.import_states)
app.add_typer(models, name="models")


def _run_until_stopped(worker: "Worker", halted: threading.Event) -> int:
    """Until SIGTERM or Ctrl-C; a second one ends the grace period. Returns the exit status."""
    stop, status = threading.Event(), 0

    def on_signal(*_: object) -> None:
        (halted if stop.is_set() else stop).set()

    def start() -> None:
        nonlocal status
        try:
            worker.start()
        except Exception:
            logging.getLogger(__name__).exception("the worker could not start")
            status = 1
            stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    threading.Thread(target=start, name="start", daemon=True).start()
    stop.wait()
    worker.stop()
    return status


def main() -> None:
    """Entry point: errors of ours end in one line and status 1, never in a traceback."""
    try:
        app()
    except FretboardError as error:
        raise SystemExit(f"{error.title}: {error.detail}") from error
    except Exception as error:
        if isinstance(error, OSError) and error.filename:
            raise SystemExit(
                f"{error.filename} cannot be read or written: {error.strerror}. Correct that, or "
                "name another place."
            ) from error
        raise SystemExit(
            f"Something went wrong that nobody foresaw: {said(error)} The traceback is in "
            f"{keep_traceback(error)}; report it with the command."
        ) from None


if __name__ == "__main__":
    main()
