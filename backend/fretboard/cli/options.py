"""Options of commands, made from the domain's fields: names, help, ranges, defaults stand there."""

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from fretboard.core.logs import configure_logs
from fretboard.core.map_settings import MapSettings
from fretboard.core.own_models import BUNDLED_MODEL, LITE_VLM
from fretboard.core.reading import Thresholds
from fretboard.core.settings import Settings, get_settings
from fretboard.core.validation import from_pairs, validated
from fretboard.lite_vlm import checkpoint_folder

SHORT = {"prompt": "-p"}
NOT_TYPED = {"preset_of", "image", "salt", "color_by"}
Images = Annotated[list[str], typer.Argument(help="Folders, patterns or annotation files.")]
Output = Annotated[Path, typer.Option("--output", "-o", help="Folder to write or continue.")]
Limit = Annotated[int | None, typer.Option(min=1, help="Only the first so many.")]
Pictures = Annotated[Path | None, typer.Option("--images", help="Where annotated pictures lie.")]
Thresholded = Annotated[
    list[str] | None,
    typer.Option(
        "--threshold",
        help="NAME=VALUE for the stages, such as mutation_sigmas=3; may be repeated.",
    ),
]
MapPairs = Annotated[
    list[str] | None,
    typer.Option("--map", help="NAME=VALUE for a map, such as method=umap; may be repeated."),
]


def from_fields(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose parameters that are models become one option a field.

    What is not typed stays unset in the model. Thresholds and map settings, which are many, are
    `--threshold` and `--map` NAME=VALUE.
    """
    hints = get_type_hints(command, include_extras=True)
    own = inspect.signature(command).parameters
    models = {name: get_type_hints(command)[name] for name in own if _is_model(hints[name])}
    barred = set().union(*(_barred(hints[name]) for name in models))
    plain = [p.replace(annotation=hints[n]) for n, p in own.items() if n not in models]
    # A parameter of the command's own stands for a field of the same name.
    options = {o.name: o for kind in models.values() for o in _options(kind)}
    options = {name: option for name, option in options.items() if name not in barred | own.keys()}
    parameters = sorted([*plain, *options.values()], key=lambda p: p.default is not p.empty)

    @functools.wraps(command)
    def run(**typed: Any) -> None:
        values = {name: typed[name] for name in options if typed[name] not in (None, [])}
        filled = {name: _model(kind, values) for name, kind in models.items()}
        command(**{p.name: typed[p.name] for p in plain}, **filled)

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in parameters}
    return run


def configured_settings(model: str | None = None) -> Settings:
    """The settings, with the logs going where they say. model: in place of FRETBOARD_MODEL.

    Where `lite-vlm` is named it is put together first, once. Raises AssemblyError.
    """
    settings = get_settings()
    configure_logs(settings.log_json)
    if (model or settings.model) == LITE_VLM:
        checkpoint_folder()
    return settings if model is None else settings.model_copy(update={"model": model})


def drawn_world_settings(model: str | None) -> Settings:
    """The same, but where no model is named the bundled one, which the drawn scenes are for."""
    named = model is not None or "model" in get_settings().model_fields_set
    return configured_settings(model if named else BUNDLED_MODEL)


@dataclass(frozen=True)
class Without:
    """Beside a model in `Annotated`: fields that mean nothing to the command."""

    fields: tuple[str, ...]


def _is_model(annotation: Any) -> bool:
    kind = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
    return inspect.isclass(kind) and issubclass(kind, BaseModel)


def _barred(annotation: Any) -> set[str]:
    notes = getattr(annotation, "__metadata__", ())
    return {name for note in notes if isinstance(note, Without) for name in note.fields}


def _options(kind: type[BaseModel]) -> list[inspect.Parameter]:
    keyword = inspect.Parameter.KEYWORD_ONLY
    if kind is MapSettings:
        return [inspect.Parameter("map", keyword, default=None, annotation=MapPairs)]
    thresholds = set(Thresholds.model_fields) if issubclass(kind, Thresholds) else set()
    options = [
        inspect.Parameter(name, keyword, default=None, annotation=_annotation(name, field))
        for name, field in kind.model_fields.items()
        if name not in NOT_TYPED | thresholds
    ]
    if thresholds:
        pairs = inspect.Parameter("threshold", keyword, default=None, annotation=Thresholded)
        options.append(pairs)
    return options


def _annotation(name: str, field: FieldInfo) -> Any:
    default = field.get_default(call_default_factory=True)
    shown = default.value if isinstance(default, Enum) else default
    flags = ["--" + name.replace("_", "-"), *([SHORT[name]] if name in SHORT else [])]
    option = typer.Option(
        *flags, help=field.description, show_default=str(shown) if shown else False
    )
    return Annotated[field.annotation | None, option]  # type: ignore[operator]


def _model(kind: type[BaseModel], values: dict[str, Any]) -> BaseModel:
    if kind is MapSettings:
        return from_pairs(MapSettings, "map setting", values.get("map", []))
    fields = {name: values[name] for name in kind.model_fields if name in values}
    if issubclass(kind, Thresholds):
        limits = from_pairs(Thresholds, "threshold", values.get("threshold", []))
        fields |= limits.model_dump(exclude_unset=True)
    return validated(kind, fields)
