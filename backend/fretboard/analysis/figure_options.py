"""How a figure is drawn, beside how its numbers are read."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from fretboard.figures.theme import ThemeName
from fretboard.figures.trajectory import ColorBy


class SetFigureOptions(BaseModel):
    """How a map or dispersion is drawn."""

    model_config = ConfigDict(frozen=True)

    color_by: Annotated[ColorBy, Field(description="What a map's points are coloured by.")] = (
        "depth"
    )
    theme: Annotated[ThemeName, Field(description="Colours of the figure.")] = "light"


class FigureOptions(SetFigureOptions):
    """What is drawn of an analysis, beside how it is read."""

    quantity: Annotated[str, Field(description="Of the fretboard or profile.")] = "probability"
    token: Annotated[int, Field(ge=0, description="Of competition and divergence.")] = 0
    depth: Annotated[int | None, Field(ge=0, description="Of patches: this one alone.")] = None
    word: Annotated[list[str], Field(description="A further candidate; may be repeated.")] = []
