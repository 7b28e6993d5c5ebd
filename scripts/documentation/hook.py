"""What the documentation site takes from the code when it is built: a hook of mkdocs.

A page says `<!-- from the code: NAME -->` where one of `SOURCES` is to stand.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import typer
from http_calls import openapi_document, reference

from fretboard.core import errors

ROOT = Path(__file__).parents[2]
PLACE = re.compile(r"<!-- from the code: (\w+) -->")


def http() -> str:
    """Every call, from the OpenAPI document."""
    return reference(openapi_document())


def commands() -> str:
    """Every command with its options, as typer has them."""
    from typer.cli import get_docs_for_click

    from fretboard.cli.main import app

    command = typer.main.get_command(app)
    with typer.Context(command, info_name="fretboard") as context:
        text = get_docs_for_click(obj=command, ctx=context, name="fretboard")
    parts = text.split("\n## ")[1:]  # what stands before is the list of commands
    return "\n".join(f"### {part}" for part in parts)


def error_kinds() -> str:
    """Every error that a user can meet: its kind, status, title and meaning."""
    rows = [
        f"| `{kind.__name__}` | {kind.status} | {kind.title} | {(kind.__doc__ or '').strip()} |"
        for kind in kinds(errors.FretboardError)
    ]
    return "\n".join(["| kind | status | title | meaning |", "|---|---|---|---|", *rows])


def kinds(kind: type[errors.FretboardError]) -> Iterator[type[errors.FretboardError]]:
    """Those below it, depth first."""
    for below in kind.__subclasses__():
        yield below
        yield from kinds(below)


def settings() -> str:
    """The example environment, in which every setting stands."""
    return f"```sh\n{(ROOT / '.env.example').read_text().strip()}\n```"


SOURCES: dict[str, Callable[[], str]] = {
    "http": http,
    "commands": commands,
    "errors": error_kinds,
    "settings": settings,
}


def on_page_markdown(markdown: str, **_: object) -> str:
    """mkdocs calls it for every page. Raises KeyError for a name that is not in `SOURCES`."""
    return PLACE.sub(lambda match: SOURCES[match[1]](), markdown)
