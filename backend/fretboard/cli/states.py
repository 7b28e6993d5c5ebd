"""`fretboard import`: hidden states of other tools as an analysis."""

from pathlib import Path
from typing import Annotated

import typer
from pydantic import StrictInt, TypeAdapter, ValidationError

from fretboard.cli.options import Output, configured_settings
from fretboard.core.errors import InputError


def import_states(
    states: Annotated[Path, typer.Argument(help="A .safetensors, .npz or .pt file.")],
    answer_from: Annotated[int, typer.Option(help="Position of the answer's first token.")],
    output: Output = Path("."),
    tokens: Annotated[
        Path | None, typer.Option(help="JSON list of token ids, where the file has none.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Default FRETBOARD_MODEL.")] = None,
) -> None:
    """Read hidden states that TransformerLens, nnsight or vLLM saved, as an analysis folder."""
    import fretboard as fb

    settings = configured_settings(model)
    ids = _ids(tokens) if tokens else None
    analysis = fb.load(settings.model).import_states(states, answer_from, ids)
    typer.echo(f"{analysis.answer}\n{len(analysis.tokens)} tokens → {analysis.save(output)}")


def _ids(path: Path) -> list[int]:
    try:
        return TypeAdapter(list[StrictInt]).validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise InputError(f"{path} holds no JSON list of token ids: correct it.") from error
