"""Reading annotation files: JSON or JSON lines, with errors that name path, line and field."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from fretboard.core.errors import InputError, said

ESCAPED = re.compile(r"(?:\\u[dD][89a-fA-F][0-9a-fA-F]{2})+")
Model = TypeVar("Model", bound=BaseModel)
Records = list[tuple[str, dict[str, Any]]]  # where it stands, the record
FORMATS = (
    "JSON lines with `image` (and `prompt`, `id`, `truth`), a POPE file (`question_id`, `image`, "
    "`text`, `label`, or `question` and `answer`), LLaVA's questions (`question_id`, `image`, "
    "`text`) or conversations (`image`, `conversations`), an AMBER query file (`id`, `image`, "
    "`query`) or COCO captions (`images`, `annotations`)"
)


def read_text(path: Path) -> str:
    """A file's text, less the mark that some editors put at its begin. Raises InputError."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is not UTF-8 ({error.reason} at byte {error.start}); save it as UTF-8."
        ) from error


def read_records(path: Path) -> tuple[Any, Records]:
    """A file as one JSON value (or None), and its records, each with where it stands."""
    text = read_text(path)
    _check_characters(path, text)
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        return None, list(_lines(path, text))
    listed = whole if isinstance(whole, list) else [whole]
    records = [_checked(f"{path}, entry {n}", record) for n, record in enumerate(listed, 1)]
    return whole, records


def _lines(path: Path, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, line in enumerate(text.split("\n"), 1):  # JSON takes U+2028 as it stands
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(
                f"{where}: not JSON ({_reason(error)}). "
                "Expected one JSON object a line, or the whole file as one JSON value."
            ) from error
        yield _checked(where, record)


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at column {error.colno}"
    return said(error).rstrip(".")


def _check_characters(path: Path, text: str) -> None:
    """JSON can write halves of characters, which no text, path or model takes."""
    for match in ESCAPED.finditer(text):
        try:
            json.loads(f'"{match[0]}"').encode()
        except UnicodeEncodeError:
            line = text.count("\n", 0, match.start()) + 1
            raise InputError(
                f"{path}, line {line}: {match[0]} is half a character. Write the whole one."
            ) from None


def _checked(where: str, record: Any) -> tuple[str, dict[str, Any]]:
    if not isinstance(record, dict):
        raise InputError(f"{where}: a {type(record).__name__}. Expected an object: {FORMATS}.")
    return where, record


def parse(model: type[Model], where: str, record: Any) -> Model:
    """`record` as `model`. Raises InputError that names place, field and what was expected."""
    try:
        return model.model_validate(record)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        fields = ", ".join(model.model_fields)
        raise InputError(
            f"{where}: `{field}`: {first['msg']}. Expected the fields {fields}."
        ) from error
