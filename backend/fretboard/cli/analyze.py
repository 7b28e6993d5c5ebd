"""The commands that need no server: analyses, figures, surveys, image sets, reproductions."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from fretboard.analysis.skip_presets import Preset
from fretboard.core.logs import configure_logs
from fretboard.core.question import (
    DEFAULT_NEW_TOKENS,
    Divergence,
    Lens,
    Scaling,
    SkipWhen,
    StageMethod,
)
from fretboard.core.settings import Settings, get_settings

MAP = "NAME=VALUE for the map, such as method=umap; may be repeated."
STAGES = "How the stages are found: automatic, or the paper's fixed depths."
THRESHOLD = "NAME=VALUE for the stages, such as mutation_sigmas=3; may be repeated."

PRESET = "Answer plainly into OUTPUT/plain, then without the layers this preset became."
REPAIR = "Decode with dola, deco, skip-on-reversal, vcd or fade, such as 'deco strength=0.6'."
WHEN = "Skip at all positions, or at the answer's own alone (decode)."


class Theme(StrEnum):
    """Colours of a figure."""

    LIGHT = "light"
    DARK = "dark"


def analyze(
    image: Annotated[Path | None, typer.Argument(help="An image; leave out for text only.")] = None,
    prompt: Annotated[str, typer.Option("--prompt", "-p", help="What to ask.")] = "",
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write.")] = Path("."),
    max_new_tokens: Annotated[int | None, typer.Option(help="Longest answer, in tokens.")] = None,
    lens: Annotated[str, typer.Option(help="normed, raw or difference.")] = "normed",
    skip_layers: Annotated[str, typer.Option(help="Such as 6-9,12.")] = "",
    skip_preset: Annotated[Preset | None, typer.Option(help=PRESET)] = None,
    skip_when: Annotated[SkipWhen, typer.Option(help=WHEN)] = SkipWhen.ALWAYS,
    continuation: Annotated[str | None, typer.Option(help="Analyse this answer instead.")] = None,
    repair: Annotated[str, typer.Option(help=REPAIR)] = "",
    divergence: Annotated[Divergence, typer.Option(help="Of adjacent depths.")] = Divergence.JSD,
    scale: Annotated[Scaling, typer.Option(help="Display scaling of its figures.")] = Scaling.NONE,
    stages: Annotated[StageMethod, typer.Option(help=STAGES)] = StageMethod.AUTOMATIC,
    threshold: Annotated[list[str] | None, typer.Option(help=THRESHOLD)] = None,
) -> None:
    """Analyse one image into a folder, without a server."""
    from fretboard.analysis.questions import Asked
    from fretboard.core.arrays import Reading
    from fretboard.engine.folder import analyze_to_folder, analyze_with_preset
    from fretboard.engine.session import Asking, parse_thresholds

    thresholds = parse_thresholds(threshold or [])
    asked = Asked(
        prompt=prompt,
        image=_read(image),
        max_new_tokens=DEFAULT_NEW_TOKENS if max_new_tokens is None else max_new_tokens,
        lens=lens,
        skip_layers=skip_layers,
        continuation=continuation,
        skip_when=skip_when.value,
        repair=repair,
    )
    if lens not in list(Lens):
        raise SystemExit(f"There is no lens {lens!r}; choose {', '.join(Lens)}.")
    reading = Asking(Reading(Lens(lens), divergence, scale), stages, thresholds)
    if skip_preset is None:
        analysis = analyze_to_folder(configured_settings(), asked, output, reading)
    else:
        if skip_layers:
            raise SystemExit("--skip-layers and --skip-preset exclude each other: give one.")
        plain, analysis = analyze_with_preset(
            configured_settings(), asked, output, reading, skip_preset
        )
        layers = ", ".join(map(str, analysis.request.skip_layers))
        typer.echo(f"plain: {plain.answer}\n{skip_preset} = layers {layers}:")
    typer.echo(analysis.answer)
    typer.echo(f"{len(analysis.tokens)} tokens, {analysis.model.layers + 1} depths → {output}")


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
    from fretboard.analysis.figures import heading
    from fretboard.engine.session import draw, parse_map, parse_thresholds
    from fretboard.figures.export import check_format, write_figure

    check_format(output)
    chosen = {"lens": lens, "divergence": divergence, "scaling": scale}
    thresholds = parse_thresholds(threshold or [])
    drawn, wanted = draw(
        configured_settings(),
        folder,
        name,
        {key: value for key, value in chosen.items() if value is not None},
        (stages or StageMethod.AUTOMATIC, thresholds) if stages or threshold else None,
        quantity=quantity, token=token, words=word or [], map=parse_map(map_setting or []),
        theme=theme.value,
    )  # fmt: skip
    write_figure(drawn, output, wanted.theme, *heading(name, wanted))
    typer.echo(str(output))


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
    repair: Annotated[str, typer.Option(help=REPAIR)] = "",
    earlier: Annotated[
        Path | None, typer.Option("--from", help="Another survey's folder, to compare with.")
    ] = None,
) -> None:
    """Analyse many images into one table, a summary and a report; again to continue."""
    from fretboard.studies.batch import SurveyRequest
    from fretboard.studies.survey.run import Sources, lines, run_survey

    tokens = DEFAULT_NEW_TOKENS if max_new_tokens is None else max_new_tokens
    sources = Sources(tuple(images), prompt, pictures, annotations, limit, earlier)
    request = SurveyRequest(tokens, lens, skip_layers, keep_states, repair)
    written = run_survey(configured_settings(), sources, request, output)
    typer.echo("\n".join(lines(written)))
    if written.interrupted:
        raise typer.Exit(130)  # as a shell reports Ctrl-C


def trajectory(
    images: Annotated[list[str], typer.Argument(help="Folders, patterns or pictures.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write or continue.")],
    prompt: Annotated[str, typer.Option("--prompt", "-p", help="What to ask of each image.")] = "",
    token: Annotated[
        str,
        typer.Option(help="first-difference, after:is, class:colour, words:red,blue or an index."),
    ] = "first-difference",
    map_setting: Annotated[list[str] | None, typer.Option("--map", help=MAP)] = None,
    paper: Annotated[bool, typer.Option(help="The paper's settings of the map.")] = False,
    max_new_tokens: Annotated[int | None, typer.Option(help="Longest answer, in tokens.")] = None,
) -> None:
    """Map one token position over many images, with its quality and dispersion."""
    from fretboard.studies.image_set import SetQuestion, make_trajectory

    asked = SetQuestion(
        tuple(images), prompt, token, max_new_tokens, paper, tuple(map_setting or ())
    )
    for line in make_trajectory(configured_settings(), asked, output):
        typer.echo(line)


def experiment(
    kind: Annotated[str, typer.Argument(help="knockout, patching, attribution or cut.")],
    images: Annotated[list[Path], typer.Argument(help="One or more images.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write or continue.")],
    prompt: Annotated[str, typer.Option("--prompt", "-p", help="What to ask.")] = "",
    continuation: Annotated[str | None, typer.Option(help="Teach this answer instead.")] = None,
    max_new_tokens: Annotated[int | None, typer.Option(help="Longest answer, in tokens.")] = None,
    other: Annotated[
        Path | None, typer.Option(help="Patch against this image; default: a grey one.")
    ] = None,
    into_image: Annotated[
        bool, typer.Option(help="Patch the other run's states into the image's run.")
    ] = False,
    rival: Annotated[str, typer.Option(help="Attribute against this word.")] = "",
    token: Annotated[int | None, typer.Option(help="Draw this token; default: the mean.")] = None,
    svg: Annotated[bool, typer.Option(help="Draw an SVG too.")] = False,
    theme: Annotated[Theme, typer.Option(help="Colours.")] = Theme.LIGHT,
) -> None:
    """Test what causes an answer: skip, patch, attribute or blind; again to continue."""
    from fretboard.core.causal_test import Kind
    from fretboard.studies.causal import ExperimentRun, Question

    if kind not in list(Kind):
        raise SystemExit(f"There is no experiment {kind!r}; choose {', '.join(Kind)}.")
    question = Question(
        Kind(kind), prompt, max_new_tokens or DEFAULT_NEW_TOKENS, continuation, other, into_image,
        rival, token, (".html", ".svg") if svg else (".html",), theme.value,
    )  # fmt: skip
    for line in ExperimentRun(configured_settings(), question, output).run(tuple(images)):
        typer.echo(line)


def reproduce(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write or continue.")],
    images: Annotated[
        Path | None,
        typer.Option(help="Pictures to describe; in subfolders, sets such as flower."),
    ] = None,
    scenes: Annotated[int, typer.Option(min=1, help="How many pictures to describe.")] = 12,
) -> None:
    """Draw the paper's reference curves for the served model, with an index page."""
    from fretboard.studies.paper.run import reproduce as run

    for line in run(configured_settings(), output, images, scenes):
        typer.echo(line)


def examples(
    output: Annotated[Path, typer.Option(help="Where the shipped examples lie.")],
    count: Annotated[int, typer.Option(help="How many gallery scenes to analyse.")] = 4,
) -> None:
    """Make the ready-made analyses that are shipped with the bundled model."""
    from fretboard.engine.folder import build_examples

    for line in build_examples(configured_settings(), output, count):
        typer.echo(line)


def configured_settings() -> Settings:
    """The settings, with the logs going where they say."""
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


OFFLINE = (analyze, figure, survey, trajectory, experiment, reproduce, examples)
