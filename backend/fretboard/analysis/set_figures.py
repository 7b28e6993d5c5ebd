"""Figures of an image set: its guitar, the same at several perplexities, its dispersion."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import plotly.graph_objects as go

from fretboard.analysis.image_sets import aligned_members
from fretboard.core.analysis import Analysis
from fretboard.core.arrays import MapKind
from fretboard.core.errors import NotFound
from fretboard.core.image_set import ImageSet
from fretboard.figures import dispersion_figure, perplexities_figure, trajectory_figure
from fretboard.figures.theme import ThemeName
from fretboard.figures.trajectory import ColorBy, string_of
from fretboard.lens.maps.settings import MapSettings
from fretboard.store.analyses import AnalysisStore


class SetMaps(Protocol):
    """Where the arrays of a set's maps come from."""

    def map(
        self, image_set: ImageSet, role: str, kind: MapKind, settings: MapSettings, name: str
    ) -> tuple[np.ndarray, Any]: ...


@dataclass(frozen=True)
class WantedOfSet:
    """What to draw of a set; `role` is the alignment."""

    image_set: ImageSet
    role: str
    map: MapSettings = field(default_factory=MapSettings)
    color_by: ColorBy = "depth"
    theme: ThemeName = "light"


class SetDrawing:
    """Gather what a figure of a set needs, then build it."""

    def __init__(self, maps: SetMaps, store: AnalysisStore) -> None:
        self._maps = maps
        self._store = store
        self._by_name: dict[str, Callable[[WantedOfSet], go.Figure]] = {
            "trajectory": self._trajectory,
            "perplexities": self._perplexities,
            "dispersion": self._dispersion,
        }

    def figure(self, name: str, wanted: WantedOfSet) -> go.Figure:
        """The named figure. Raises NotFound, or InputError for what it cannot show."""
        if name not in self._by_name:
            raise NotFound(f"There is no figure {name!r}; there are {', '.join(self._by_name)}.")
        return self._by_name[name](wanted)

    def _trajectory(self, wanted: WantedOfSet) -> go.Figure:
        points, note = self._array(wanted, "trajectory", "points")
        names = {member.analysis_id: member.name for member in wanted.image_set.members}
        strings = [string_of(a, token, names[a.id]) for a, token in self._members(wanted)]
        _, dispersion = self._array(wanted, "dispersion", "profile")
        return trajectory_figure(
            strings, points, note["first_depth"], note["description"], wanted.theme,
            wanted.color_by, dispersion["neck_end"]["depth"],
        )  # fmt: skip

    def _perplexities(self, wanted: WantedOfSet) -> go.Figure:
        points, notes = self._array(wanted, "perplexities", "points")
        return perplexities_figure(points, notes, wanted.theme)

    def _dispersion(self, wanted: WantedOfSet) -> go.Figure:
        profile, note = self._array(wanted, "dispersion", "profile")
        analyses = [analysis for analysis, _ in self._members(wanted)]
        critical = [
            analysis.stages.critical_depth
            for analysis in analyses
            if analysis.stages and analysis.stages.critical_depth is not None
        ]
        layers = analyses[0].model.layers
        return dispersion_figure(profile, note, critical, layers, wanted.theme)

    def _members(self, wanted: WantedOfSet) -> list[tuple[Analysis, int]]:
        return aligned_members(self._store, wanted.image_set, wanted.role)

    def _array(self, wanted: WantedOfSet, kind: MapKind, name: str) -> tuple[np.ndarray, Any]:
        return self._maps.map(wanted.image_set, wanted.role, kind, wanted.map, name)
