"""The command line: serving and working here, what needs no server in `commands`."""

import json
import signal
import threading
from typing import Annotated

import typer

from fretboard.commands import OFFLINE, configured_settings
from fretboard.errors import FretboardError
from fretboard.repair_command import compression, repairs
from fretboard.settings import Settings
from fretboard.skip_command import skips

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
) -> None:
    """Serve the page and the API."""
    from fretboard.serve import serve as run

    chosen = {"host": host, "port": port}
    settings = configured_settings()
    run(settings.model_copy(update={k: v for k, v in chosen.items() if v is not None}))


@app.command()
def worker(
    model: Annotated[str | None, typer.Option(help="Default FRETBOARD_MODEL.")] = None,
) -> None:
    """Run a model for web processes elsewhere (needs REDIS_URL)."""
    from fretboard.services import build_services
    from fretboard.worker import Worker

    settings = configured_settings()
    if model is not None:
        settings = settings.model_copy(update={"model": model})
    if settings.redis_url is None:
        raise SystemExit("A worker of its own needs REDIS_URL; without Redis, run fretboard serve.")
    running = Worker(build_services(settings))
    running.start()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    stop.wait()
    running.stop()


@app.command()
def openapi() -> None:
    """Print the API's OpenAPI document."""
    from fretboard.api.app import create_app
    from fretboard.services import build_services

    settings = Settings(STORE_URL="memory://", REDIS_URL=None)
    schema = create_app(build_services(settings), lambda: None).openapi()
    typer.echo(json.dumps(schema, indent=1, sort_keys=True))


for _command in (*OFFLINE, skips, repairs, compression):
    app.command()(_command)


def main() -> None:
    """Entry point: errors of ours end in one line and status 1, never in a traceback."""
    try:
        app()
    except FretboardError as error:
        raise SystemExit(f"{error.title}: {error.detail}") from error


if __name__ == "__main__":
    main()
