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


def make_map(hidden: np.ndarray, wanted: Derived, watch: Watch) -> tuple[Arrays, str]:
    """(arrays, note as JSON) of a map kind, from (L+1, strings, width) hidden states.

    trajectory: `points` (depth, string, dimension); perplexities: `points` (map, depth, string,
    dimension); stability: `disparities` (seed,); dispersion: `profile` (depth,), `control`
    (shuffle,). Raises InputError for settings that do not fit, Cancelled when called off.
    """
    settings = MapSettings.parse(wanted.settings)
    states = hidden.astype(np.float32)
    try:
        if wanted.kind == "trajectory":
            made = project(states, settings, watch)
            return {"points": made.points}, json.dumps(_told(made))
        if wanted.kind == "perplexities":
            return _grid(states, settings, watch)
        if wanted.kind == "stability":
            return _stability(states, settings, watch)
        return _dispersion(states, settings)
    except ValueError as error:
        raise InputError(str(error)) from error


def _told(made: ProjectedMap) -> dict[str, object]:
    return {
        "description": made.description,
        "first_depth": made.first_depth,
        "settings": made.settings.model_dump(),
        "quality": asdict(made.quality),
        "notes": list(made.notes),
    }


def _grid(states: np.ndarray, settings: MapSettings, watch: Watch) -> tuple[Arrays, str]:
    maps = perplexity_grid(states, settings, GRID, watch)
    points = np.stack([made.points for made in maps])
    return {"points": points}, json.dumps([_told(made) for made in maps])


def _stability(states: np.ndarray, settings: MapSettings, watch: Watch) -> tuple[Arrays, str]:
    found = seed_stability(states, settings, SEEDS, watch)
    told = {"seeds": SEEDS, "mean": found.mean, "spread": found.spread}
    return {"disparities": np.array(found.disparities)}, json.dumps(told)


def _dispersion(states: np.ndarray, settings: MapSettings) -> tuple[Arrays, str]:
    found = disperse(states, settings.drop_first_depth, settings.seed)
    told = {
        "first_depth": found.first_depth,
        "neck_end": asdict(found.neck_end),
        "control_rank": found.control.rank,
    }
    arrays = {"profile": found.profile, "control": found.control.explained}
    return arrays, json.dumps(told)
