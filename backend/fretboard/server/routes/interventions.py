"""The presets of skipped layers over HTTP: the set each becomes, and a POST that names one."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from fretboard.analysis.skip_presets import PRESETS, Preset, preset_layers
from fretboard.core.analysis import Analysis, Status
from fretboard.core.errors import InputError, NotFinished
from fretboard.core.question import Lens
from fretboard.jobs.services import Services
from fretboard.server.queries import StageQuery, Stager, stage_query


class PresetLayers(BaseModel):
    """A preset and the layers it became, 0…L−1; where there are none, `reason` says why."""

    preset: Preset
    layers: list[int]
    reason: str | None


def routes(services: Services, stage: Stager) -> APIRouter:
    """The router, bound to this process's services."""
    router = APIRouter(prefix="/api/analyses", tags=["analyses"])

    @router.get("/{analysis_id}/presets")
    def presets(
        analysis_id: str,
        stages: Annotated[StageQuery, Depends(stage_query)],
        lens: Lens | None = None,
    ) -> list[PresetLayers]:
        """skip.1, skip.2 and skip.3 of a finished analysis, by its stages as asked."""
        analysis = _staged(services, stage, analysis_id, lens, stages)
        return [_became(preset, analysis) for preset in PRESETS]

    return router


def chosen_layers(
    services: Services,
    stage: Stager,
    text: str,
    preset_of: str | None,
    stages: StageQuery,
    model: str | None,
) -> str:
    """`skip_layers` as layers: a preset becomes the set that it is of the analysis `preset_of`.

    Raises InputError where the two do not go together or the set is empty; NotFinished.
    """
    preset = next((known for known in PRESETS if known == text.strip()), None)
    if preset is None:
        if preset_of:
            raise InputError(
                f"preset_of is given, but skip_layers is {text!r}: choose {', '.join(PRESETS)}."
            )
        return text
    if not preset_of:
        raise InputError(
            f"skip_layers is {preset}, a preset: give preset_of, the id of the analysis from "
            "whose stages its layers are taken."
        )
    analysis = _staged(services, stage, preset_of, None, stages)
    asked = services.choose(model).name
    if analysis.model.name != asked:
        raise InputError(
            f"The analysis {preset_of} is of {analysis.model.name}; its layers say nothing of "
            f"{asked}."
        )
    return ",".join(map(str, preset_layers(preset, analysis)))


def _became(preset: Preset, analysis: Analysis) -> PresetLayers:
    try:
        return PresetLayers(
            preset=preset, layers=list(preset_layers(preset, analysis)), reason=None
        )
    except InputError as error:
        return PresetLayers(preset=preset, layers=[], reason=error.detail)


def _staged(
    services: Services, stage: Stager, analysis_id: str, lens: Lens | None, stages: StageQuery
) -> Analysis:
    analysis = services.store.read(analysis_id)
    if analysis.status != Status.DONE:
        raise NotFinished(f"The analysis is {analysis.status}; its presets come when it is done.")
    return stage(analysis, lens, stages)
