"""The HTTP reference: Markdown of an OpenAPI document."""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from pydantic import BaseModel

from fretboard.core.map_settings import MapQuery
from fretboard.core.reading import Reading

Schema = dict[str, Any]
# Parameters that many calls share stand in a table of their own.
SHARED: dict[str, type[BaseModel]] = {"Readings": Reading, "Maps": MapQuery}
METHODS = ("get", "post", "put", "patch", "delete")


def openapi_document() -> Schema:
    """Of the app, as `fretboard openapi` prints it."""
    from fretboard.core.settings import Settings
    from fretboard.jobs.services import build_services
    from fretboard.server.app import create_app

    services = build_services(Settings(STORE_URL="memory://", REDIS_URL=None))
    return create_app(services, lambda: None).openapi()


def reference(document: Schema) -> str:
    """Calls by their first name, then what they share, then the shapes of bodies and answers."""
    calls = [
        (path, method, call)
        for path, item in document["paths"].items()
        for method, call in item.items()
        if method in METHODS
    ]
    lines: list[str] = []
    for name, group in groupby(calls, key=lambda call: _group(call[0])):
        lines += [f"## {name}", ""]
        for path, method, call in group:
            lines += [*_call(path, method, call, document), ""]
    for title, parameters in _shared(calls).items():
        lines += [f"## {title}", "", *_parameters(parameters), ""]
    lines += ["## Shapes", ""]
    for name, schema in sorted(document["components"]["schemas"].items()):
        if not name.startswith("Body_"):
            lines += [f"### {name}", "", *_shape(schema), ""]
    return "\n".join(lines)


def _group(path: str) -> str:
    parts = path.strip("/").split("/")
    return parts[1] if parts[0] == "api" else "health"


def _short(path: str) -> str:
    """Within its group."""
    below = re.sub(r"^/api/[^/]+(?=/)", "", path)
    return re.sub(r"^/\{\w+\}(?=/)", "…", below)


def _call(path: str, method: str, call: Schema, document: Schema) -> Iterator[str]:
    yield f'### {method.upper()} {path} {{data-toc-label="{method.upper()} {_short(path)}"}}'
    yield ""
    yield call.get("description", call.get("summary", ""))
    yield ""
    own, shared = _split(call.get("parameters", []))
    body = list(_body(call, document))
    if own or body:
        yield from _parameters([*own, *body])
        yield ""
    for title in shared:
        yield f"Takes the parameters of [{title.lower()}](#{title.lower()}) too.\n"
    answers = [
        _answer(status, answer)
        for status, answer in sorted(call["responses"].items())
        if status != "4XX"
    ]
    yield "Answers: " + "; ".join(answers) + "."


def _split(parameters: list[Schema]) -> tuple[list[Schema], list[str]]:
    """The call's own parameters that its path does not show, and titles of shared ones."""
    names = {parameter["name"] for parameter in parameters}
    titles = [title for title, model in SHARED.items() if set(model.model_fields) <= names]
    held = {field for title in titles for field in SHARED[title].model_fields}
    own = [each for each in parameters if each["name"] not in held and not _is_plain(each)]
    return own, titles


def _is_plain(parameter: Schema) -> bool:
    """Whether the path alone says all of it."""
    schema = parameter["schema"]
    said = parameter.get("description") or schema.get("enum") or schema.get("$ref")
    return parameter["in"] == "path" and not said


def _shared(calls: Iterable[tuple[str, str, Schema]]) -> dict[str, list[Schema]]:
    """The parameters of each shared table, as the first call that takes them has them."""
    tables: dict[str, list[Schema]] = {}
    for _, _, call in calls:
        parameters = call.get("parameters", [])
        for title in _split(parameters)[1]:
            fields = SHARED[title].model_fields
            tables.setdefault(title, [each for each in parameters if each["name"] in fields])
    return tables


def _body(call: Schema, document: Schema) -> Iterator[Schema]:
    """The fields of a form, as parameters."""
    for media, content in call.get("requestBody", {}).get("content", {}).items():
        schema = _resolved(content["schema"], document)
        required = schema.get("required", [])
        for name, field in schema["properties"].items():
            yield {"name": name, "in": media, "schema": field, "required": name in required}


def _resolved(schema: Schema, document: Schema) -> Schema:
    if "allOf" in schema:
        schema = schema["allOf"][0]
    name = schema.get("$ref", "").rpartition("/")[2]
    return document["components"]["schemas"][name] if name else schema


def _parameters(parameters: Iterable[Schema]) -> list[str]:
    lines = ["| name | in | type | what |", "|---|---|---|---|"]
    for each in parameters:
        schema = each["schema"]
        what = each.get("description") or schema.get("description", "")
        name = f"**`{each['name']}`**" if each.get("required") else f"`{each['name']}`"
        where = each["in"].removeprefix("application/x-www-").removeprefix("multipart/")
        lines.append(f"| {name} | {where} | {_type(schema)} | {_cell(what)}{_default(schema)} |")
    return lines


def _shape(schema: Schema) -> Iterator[str]:
    if schema.get("description"):
        yield from (schema["description"], "")
    if "properties" not in schema:
        yield _type(schema)
        return
    yield from ("| field | type | what |", "|---|---|---|")
    for name, field in schema["properties"].items():
        what = _cell(field.get("description", "")) + _default(field)
        yield f"| `{name}` | {_type(field)} | {what} |"


def _answer(status: str, answer: Schema) -> str:
    content = answer.get("content", {})
    media = next(iter(content), "")
    schema = content.get(media, {}).get("schema", {})
    shown = _type(schema) if schema else ""
    return " ".join(part for part in (f"**{status}**", shown, media and f"({media})") if part)


def _type(schema: Schema) -> str:
    """In words; a shape links to its table."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    choices = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if choices:
        return " or ".join(dict.fromkeys(_type(choice) for choice in choices))
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if schema.get("contentMediaType") or schema.get("format") == "binary":
        return "file"
    return f"{schema.get('type', 'any')}{_range(schema)}"


def _range(schema: Schema) -> str:
    bounds = (
        ("minimum", "≥"), ("exclusiveMinimum", ">"), ("maximum", "≤"), ("exclusiveMaximum", "<"),
    )  # fmt: skip
    shown = [f"{sign} {schema[name]:g}" for name, sign in bounds if name in schema]
    return f" {', '.join(shown)}" if shown else ""


def _default(schema: Schema) -> str:
    default = schema.get("default")
    return f" Default `{default}`." if default not in (None, "", [], {}) else ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
