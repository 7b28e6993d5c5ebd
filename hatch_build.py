"""Stops a release that would lack the page."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PAGE = "backend/fretboard/server/static/index.html"


class PageIsBuilt(BuildHookInterface):
    """Wheel and sdist carry the built page; an editable install may come before it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Raises FileNotFoundError where the page was not built."""
        if version != "editable" and not (Path(self.root) / PAGE).is_file():
            raise FileNotFoundError(f"{PAGE} is not there: run `make page` first.")
