"""What can be done to a model: the presets of skipped layers, and the repairs."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from fretboard.analysis.arrays import read_done
from fretboard.analysis.skip_presets import PRESETS, Preset, preset_layers
from fretboard.analysis.stages import as_read
from fretboard.core.analysis import Analysis
from fretboard.core.errors import InputError
from fretboard.core.reading import Reading
from fretboard.core.repair import ABOUT, RepairKind, parse_repair
from fretboard.server.context import InArrays, InServices

router = APIRouter(prefix="/api")


class PresetLayers(BaseModel):
    """A preset and the layers it became, 0…L−1; where there are none, `reason` says why."""

    preset: Preset
    layers: list[int]
    reason: str | None


class RepairChoice(BaseModel):
    """A repair; `text` is what a request sends, with all its settings as they would become."""

    kind: RepairKind
    title: str
    does: str
    paper: str
    url: str
    text: str


@router.get("/analyses/{analysis_id}/presets", tags=["analyses"])
def presets(
    analysis_id: str, reading: Annotated[Reading, Query()], services: InServices, arrays: InArrays
) -> list[PresetLayers]:
    """skip.1, skip.2 and skip.3 of a finished analysis, by its stages as read."""
    analysis = read_done(services.store, analysis_id)
    read = as_read(arrays, analysis, reading)
    return [_became(preset, read) for preset in PRESETS]


@router.get("/repairs", tags=["models"])
def repairs(services: InServices, model: str | None = None) -> list[RepairChoice]:
    """The ways to decode besides the plain one."""
    layers = services.choose(model or None).layers or None
    return [
        RepairChoice(
            kind=kind,
            title=about.title,
            does=about.does,
            paper=about.paper,
            url=f"https://arxiv.org/abs/{about.arxiv}",
            text=str(parse_repair(kind.value, layers)),
        )
        for kind, about in ABOUT.items()
    ]


def _became(preset: Preset, analysis: Analysis) -> PresetLayers:
    try:
        layers = list(preset_layers(preset, analysis))
    except InputError as error:
        return PresetLayers(preset=preset, layers=[], reason=error.detail)
    return PresetLayers(preset=preset, layers=layers, reason=None)
