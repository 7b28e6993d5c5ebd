"""`fretboard mcp`: the face's calls for programs that speak the Model Context Protocol."""

from typing import Annotated

import typer

from fretboard.cli.options import configured_settings


def mcp(
    model: Annotated[str | None, typer.Option(help="Default FRETBOARD_MODEL.")] = None,
    url: Annotated[str | None, typer.Option(help="A running server, in place of a model.")] = None,
    token: Annotated[str | None, typer.Option(help="The server's access token.")] = None,
) -> None:
    """Serve analyze, read, competition, compare and test over standard input and output."""
    import fretboard as fb

    try:
        from fretboard.face.mcp_tools import build_server
    except ModuleNotFoundError as error:
        if error.name != "mcp":
            raise
        raise SystemExit('This needs the SDK: pip install "fretboard-vlm[mcp]".') from None
    settings = configured_settings(model)
    place = fb.connect(url, token) if url else fb.load(settings.model, settings.store_url)
    build_server(place).run()
