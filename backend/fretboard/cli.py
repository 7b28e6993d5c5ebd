"""`fretboard serve · worker · analyze · survey · examples · openapi`."""

import json
import signal
import threading
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from fretboard.document import Divergence, Lens, Scaling, StageMethod
from fretboard.errors import FretboardError
from fretboard.logs import configure_logs
from fretboard.settings import Settings, get_settings

STAGES = "How the stages are found: automatic, or the paper's fixed depths."
THRESHOLD = "NAME=VALUE for the stages, such as mutation_sigmas=3; may be repeated."


class Theme(StrEnum):
    """Colours of a figure."""

    LIGHT = "light"
    DARK = "dark"


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
    settings = _settings()
    run(settings.model_copy(update={k: v for k, v in chosen.items() if v is not None}))


@app.command()
def worker() -> None:
    """Run the model for web processes elsewhere (needs REDIS_URL)."""
    from fretboard.services import build_services
    from fretboard.worker import Worker

    settings = _settings()
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
def analyze(
    image: Annotated[Path | None, typer.Argument(help="An image; leave out for text only.")] = None,
    prompt: Annotated[str, typer.Option("--prompt", "-p", help="What to ask.")] = "",
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write.")] = Path("."),
    max_new_tokens: Annotated[int | None, typer.Option(help="Longest answer, in tokens.")] = None,
    lens: Annotated[str, typer.Option(help="normed, raw or difference.")] = "normed",
    skip_layers: Annotated[str, typer.Option(help="Such as 6-9,12.")] = "",
    continuation: Annotated[str | None, typer.Option(help="Analyse this answer instead.")] = None,
    divergence: Annotated[Divergence, typer.Option(help="Of adjacent depths.")] = Divergence.JSD,
    scale: Annotated[Scaling, typer.Option(help="Display scaling of its figures.")] = Scaling.NONE,
    stages: Annotated[StageMethod, typer.Option(help=STAGES)] = StageMethod.AUTOMATIC,
    threshold: Annotated[list[str] | None, typer.Option(help=THRESHOLD)] = None,
) -> None:
    """Analyse one image into a folder, without a server."""
    from fretboard.analyze import analyze_to_folder
    from fretboard.api.submission import DEFAULT_NEW_TOKENS, Asked
    from fretboard.catalogue import Reading
    from fretboard.local import Asking, parse_thresholds

    thresholds = parse_thresholds(threshold or [])
    asked = Asked(
        prompt=prompt,
        image=_read(image),
        max_new_tokens=DEFAULT_NEW_TOKENS if max_new_tokens is None else max_new_tokens,
        lens=lens,
        skip_layers=skip_layers,
        continuation=continuation,
    )
    if lens not in list(Lens):
        raise SystemExit(f"There is no lens {lens!r}; choose {', '.join(Lens)}.")
    reading = Asking(Reading(Lens(lens), divergence, scale), stages, thresholds)
    analysis = analyze_to_folder(_settings(), asked, output, reading)
    typer.echo(analysis.answer)
    typer.echo(f"{len(analysis.tokens)} tokens, {analysis.model.layers + 1} depths → {output}")


@app.command()
def figure(
    folder: Annotated[Path, typer.Argument(help="Written by `fretboard analyze`.")],
    name: Annotated[str, typer.Argument(help="Such as fretboard or competition.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="x.html, .json, .svg or .png.")],
    lens: Annotated[Lens | None, typer.Option(help="Default: the folder's.")] = None,
    divergence: Annotated[Divergence | None, typer.Option(help="Of adjacent depths.")] = None,
    scale: Annotated[Scaling | None, typer.Option(help="Display scaling.")] = None,
    quantity: Annotated[str, typer.Option(help="Of the fretboard or profile.")] = "probability",
    token: Annotated[int, typer.Option(min=0, help="Of competition and divergence.")] = 0,
    word: Annotated[list[str] | None, typer.Option(help="A further candidate.")] = None,
    stages: Annotated[StageMethod | None, typer.Option(help=STAGES)] = None,
    threshold: Annotated[list[str] | None, typer.Option(help=THRESHOLD)] = None,
    map_setting: Annotated[
        list[str] | None, typer.Option("--map", help="Of the trajectory, such as method=umap.")
    ] = None,
    theme: Annotated[Theme, typer.Option(help="Colours.")] = Theme.LIGHT,
) -> None:
    """Draw a figure of an analysis folder into a file."""
    from fretboard.export import check_format, heading, write_figure
    from fretboard.local import draw, parse_map, parse_thresholds

    check_format(output)
    chosen = {"lens": lens, "divergence": divergence, "scaling": scale}
    thresholds = parse_thresholds(threshold or [])
    drawn, wanted = draw(
        _settings(),
        folder,
        name,
        {key: value for key, value in chosen.items() if value is not None},
        (stages or StageMethod.AUTOMATIC, thresholds) if stages or threshold else None,
        quantity=quantity, token=token, words=word or [], map=parse_map(map_setting or []),
        theme=theme.value,
    )  # fmt: skip
    write_figure(drawn, output, wanted.theme, *heading(name, wanted))
    typer.echo(str(output))


@app.command()
def survey(
    images: Annotated[list[str], typer.Argument(help="Folders, patterns or annotation files.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write or continue.")],
    prompt: Annotated[str, typer.Option("--prompt", "-p", help="Where none is annotated.")] = "",
    pictures: Annotated[
        Path | None, typer.Option("--images", help="Where annotated pictures lie.")
    ] = None,
    annotations: Annotated[Path | None, typer.Option(help="AMBER's annotations.json.")] = None,
    max_new_tokens: Annotated[int | None, typer.Option(help="Longest answer, in tokens.")] = None,
    lens: Annotated[str, typer.Option(help="normed or raw.")] = "normed",
    skip_layers: Annotated[str, typer.Option(help="Such as 6-9,12.")] = "",
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many.")] = None,
    keep_states: Annotated[bool, typer.Option(help="Keep hidden states for the page.")] = True,
    earlier: Annotated[
        Path | None, typer.Option("--from", help="Another survey's folder, to compare with.")
    ] = None,
) -> None:
    """Analyse many images into one table, a summary and a report; again to continue."""
    from fretboard.api.submission import DEFAULT_NEW_TOKENS
    from fretboard.survey.command import Sources, lines, run_survey
    from fretboard.survey.runner import SurveyRequest

    tokens = DEFAULT_NEW_TOKENS if max_new_tokens is None else max_new_tokens
    sources = Sources(tuple(images), prompt, pictures, annotations, limit, earlier)
    request = SurveyRequest(tokens, lens, skip_layers, keep_states)
    written = run_survey(_settings(), sources, request, output)
    typer.echo("\n".join(lines(written)))
    if written.interrupted:
        raise typer.Exit(130)  # as a shell reports Ctrl-C


@app.command()
def reproduce(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write or continue.")],
    images: Annotated[
        Path | None,
        typer.Option(help="Pictures to describe; in subfolders, sets such as flower."),
    ] = None,
    scenes: Annotated[int, typer.Option(min=1, help="How many pictures to describe.")] = 12,
) -> None:
    """Draw the paper's reference curves for the served model, with an index page."""
    from fretboard.reproduce.command import reproduce as run

    for line in run(_settings(), output, images, scenes):
        typer.echo(line)


@app.command()
def examples(
    output: Annotated[Path, typer.Option(help="Where the shipped examples lie.")],
    count: Annotated[int, typer.Option(help="How many gallery scenes to analyse.")] = 4,
) -> None:
    """Make the ready-made analyses that are shipped with the bundled model."""
    from fretboard.analyze import build_examples

    for line in build_examples(_settings(), output, count):
        typer.echo(line)


@app.command()
def openapi() -> None:
    """Print the API's OpenAPI document."""
    from fretboard.api.app import create_app
    from fretboard.services import build_services

    settings = Settings(STORE_URL="memory://", REDIS_URL=None)
    schema = create_app(build_services(settings), lambda: None).openapi()
    typer.echo(json.dumps(schema, indent=1, sort_keys=True))


def main() -> None:
    """Entry point: errors of ours end in one line and status 1, never in a traceback."""
    try:
        app()
    except FretboardError as error:
        raise SystemExit(f"{error.title}: {error.detail}") from error


def _settings() -> Settings:
    settings = get_settings()
    configure_logs(settings.log_json)
    return settings


def _read(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        return path.read_bytes()
    except OSError as error:
        raise SystemExit(f"{path} cannot be read: {error.strerror}.") from error


if __name__ == "__main__":
    main()
