"""How a figure is drawn, beside how its numbers are read."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from fretboard.figures.theme import ThemeName
from fretboard.figures.trajectory import ColorBy


class SetFigureOptions(BaseModel):
    """How a map or dispersion is drawn."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    color_by: ColorBy = "depth"
    """What a map's points are coloured by."""
    theme: ThemeName = "light"
    """Colours of the figure."""


class FigureOptions(SetFigureOptions):
    """What is drawn of an analysis, beside how it is read."""

    quantity: str = "probability"
    """Of the fretboard or profile."""
    token: Annotated[int, Field(ge=0)] = 0
    """Of competition and divergence."""
    other: Annotated[int | None, Field(ge=0)] = None
    """Of both competitions: the second analysis's token; the same place where it is not named."""
    depth: Annotated[int | None, Field(ge=0)] = None
    """Of patches: this one alone."""
    word: list[str] = []
    """A further candidate; may be repeated."""
