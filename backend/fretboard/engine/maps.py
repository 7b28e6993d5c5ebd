"""Maps and their quality, on demand: of an answer's tokens or of an image set's position."""

import json
from dataclasses import asdict

import numpy as np

from fretboard.core.arrays import Derived
from fretboard.core.errors import InputError
from fretboard.core.map_settings import MapSettings
from fretboard.lens.dispersion import disperse
from fretboard.lens.maps.fit import Watch
from fretboard.lens.maps.project import ProjectedMap, perplexity_grid, project, seed_stability

GRID = (5.0, 10.0, 20.0, 40.0, 80.0)  # perplexities of the small grid
SEEDS = 4  # maps compared for the stability over seeds

Arrays = dict[str, np.ndarray]


def make_map(hidden: np.ndarray, derived: Derived, watch: Watch) -> tuple[Arrays, str]:
    """(arrays, note as JSON) of a map kind, from (L+1, strings, width) hidden states.

    trajectory: `points` (depth, string, dimension); perplexities: `points` (map, depth, string,
    dimension); stability: `disparities` (seed,); dispersion: `profile` (depth,), `control`
    (shuffle,). Raises InputError for settings that do not fit, Cancelled when called off.
    """
    settings = MapSettings.parse(derived.settings)
    states = hidden.astype(np.float32)
    try:
        if derived.kind == "trajectory":
            mapped = project(states, settings, watch)
            return {"points": mapped.points}, json.dumps(_facts(mapped))
        if derived.kind == "perplexities":
            return _grid(states, settings, watch)
        if derived.kind == "stability":
            return _stability(states, settings, watch)
        return _dispersion(states, settings)
    except ValueError as error:
        raise InputError(str(error)) from error


def _facts(mapped: ProjectedMap) -> dict[str, object]:
    return {
        "description": mapped.description,
        "first_depth": mapped.first_depth,
        "settings": mapped.settings.model_dump(),
        "quality": asdict(mapped.quality),
        "notes": list(mapped.notes),
    }


def _grid(states: np.ndarray, settings: MapSettings, watch: Watch) -> tuple[Arrays, str]:
    maps = perplexity_grid(states, settings, GRID, watch)
    points = np.stack([mapped.points for mapped in maps])
    return {"points": points}, json.dumps([_facts(mapped) for mapped in maps])


def _stability(states: np.ndarray, settings: MapSettings, watch: Watch) -> tuple[Arrays, str]:
    stability = seed_stability(states, settings, SEEDS, watch)
    facts = {"seeds": SEEDS, "mean": stability.mean, "spread": stability.spread}
    return {"disparities": np.array(stability.disparities)}, json.dumps(facts)


def _dispersion(states: np.ndarray, settings: MapSettings) -> tuple[Arrays, str]:
    dispersion = disperse(states, settings.drop_first_depth, settings.seed)
    facts = {
        "first_depth": dispersion.first_depth,
        "neck_end": asdict(dispersion.neck_end),
        "control_rank": dispersion.control.rank,
    }
    arrays = {"profile": dispersion.profile, "control": dispersion.control.explained}
    return arrays, json.dumps(facts)
