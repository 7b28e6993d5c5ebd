"""Values from outside → a model, or one sentence that names each wrong field; and back."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from fretboard.core.errors import InputError

M = TypeVar("M", bound=BaseModel)
MOST_DIGITS = 4  # of a layer, a depth or a token's place


def validated(kind: type[M], values: Mapping[str, Any]) -> M:
    """The model of these values. Raises InputError."""
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        raise InputError(sentence(error.errors())) from error


def from_pairs(kind: type[M], noun: str, pairs: Iterable[str]) -> M:
    """`["mutation_sigmas=3"]` → the model. Raises InputError that lists the names."""
    values: dict[str, str] = {}
    for text in pairs:
        name, equals, value = text.partition("=")
        if name not in kind.model_fields or not equals:
            names = ", ".join(kind.model_fields)
            raise InputError(f"There is no {noun} {text!r}; write NAME=VALUE: {names}.")
        values[name] = value
    return validated(kind, values)


def from_names(kind: type[M], noun: str, values: Mapping[str, Any]) -> M:
    """Keyword arguments → the model. Raises InputError that lists the names."""
    unknown = [name for name in values if name not in kind.model_fields]
    if unknown:
        names = ", ".join(kind.model_fields)
        raise InputError(f"There is no {noun} {unknown[0]!r}; there are {names}.")
    return validated(kind, values)


def query_of(values: BaseModel) -> dict[str, Any]:
    """What was chosen, as an address has it."""
    return values.model_dump(mode="json", exclude_unset=True, exclude_none=True)


def sentence(errors: Sequence[Any], skip: int = 0) -> str:
    """`interval: input should be less than 1; …`; skip: leading parts of each place."""
    parts = []
    for entry in errors:
        place = ".".join(str(part) for part in entry["loc"][skip:]) or "the request"
        parts.append(f"{place}: {entry['msg'].removeprefix('Value error, ').lower()}")
    return "; ".join(parts) + "."
