"""Which arrays a figure needs, and the figure: one way for page, command line and notebook."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from fretboard.analysis import calls
from fretboard.analysis.arrays import Arrays, require_token
from fretboard.analysis.figure_options import FigureOptions, SetFigureOptions
from fretboard.analysis.image_sets import aligned_members
from fretboard.analysis.stages import as_read
from fretboard.core.analysis import Analysis
from fretboard.core.errors import InputError, NotFound
from fretboard.core.image_set import ImageSet
from fretboard.core.images import stored_image
from fretboard.core.map_settings import MapSettings
from fretboard.core.reading import Reading
from fretboard.figures import (
    QUANTITIES,
    Competitor,
    both_competitions_figure,
    competition_figure,
    dispersion_figure,
    divergence_figure,
    fretboard_figure,
    patches_figure,
    perplexities_figure,
    profile_figure,
    trajectory_figure,
)
from fretboard.figures.profile import PROFILES
from fretboard.figures.quantities import ARRAYS_NEEDED
from fretboard.figures.trajectory import string_of, strings_of


@dataclass(frozen=True)
class Subject:
    """An analysis under a reading, and the one beside it, with which axes are shared."""

    analysis: Analysis
    reading: Reading
    beside: tuple[Analysis, Reading] | None = None
    beside_arrays: Arrays | None = None
    """Where those of the one beside come from, if it lies in another store."""


class Figures:
    """Gather what a figure needs, then build it."""

    def __init__(self, arrays: Arrays) -> None:
        self._arrays = arrays
        self._builders: dict[str, Callable[..., go.Figure]] = {
            "fretboard": self._fretboard,
            "competition": self._competition,
            "divergence": self._divergence,
            "profile": self._profile,
            "both-competitions": self._both_competitions,
            "trajectory": self._trajectory,
            "perplexities": self._perplexities,
            "patches": self._patches,
        }
        self._of_sets: dict[str, Callable[..., go.Figure]] = {
            "trajectory": self._trajectory_of_set,
            "perplexities": self._perplexities_of_set,
            "dispersion": self._dispersion_of_set,
        }

    def draw(
        self,
        name: str,
        subject: Subject,
        options: FigureOptions | None = None,
        settings: MapSettings | None = None,
    ) -> go.Figure:
        """The named figure. Raises NotFound, or InputError for what it cannot show."""
        if name not in self._builders:
            raise NotFound(f"There is no figure {name!r}; there are {', '.join(self._builders)}.")
        chosen, map_settings = options or FigureOptions(), settings or MapSettings()
        drawn = self._builders[name](subject, chosen, map_settings)
        call = calls.of_analysis(name, chosen, map_settings, compared=subject.beside is not None)
        return calls.noted(drawn, call)

    def draw_set(
        self,
        name: str,
        image_set: ImageSet,
        role: str,
        options: SetFigureOptions | None = None,
        settings: MapSettings | None = None,
    ) -> go.Figure:
        """A figure of an image set; `role` is the alignment. Raises as `draw`."""
        if name not in self._of_sets:
            raise NotFound(f"There is no figure {name!r}; there are {', '.join(self._of_sets)}.")
        chosen, map_settings = options or SetFigureOptions(), settings or MapSettings()
        drawn = self._of_sets[name](image_set, role, chosen, map_settings)
        return calls.noted(drawn, calls.of_set(name, chosen, map_settings))

    def _fretboard(self, of: Subject, options: FigureOptions, _map: MapSettings) -> go.Figure:
        _require("quantity", options.quantity, QUANTITIES)
        return fretboard_figure(
            of.analysis,
            self._needed(of.analysis, of.reading),
            self._arrays.vocabulary(of.analysis),
            options.quantity,
            of.reading,
            options.theme,
            self._needed(*of.beside, of.beside_arrays) if of.beside else None,
        )

    def _competition(self, of: Subject, options: FigureOptions, _map: MapSettings) -> go.Figure:
        analysis, token, lens = of.analysis, options.token, of.reading.lens
        require_token(analysis, token)
        vocabulary = self._arrays.vocabulary(analysis)
        words = [vocabulary.word(word) for word in options.word]
        table = self._arrays.distribution(analysis, token, lens, of.reading.sublayers)
        # Of a difference nobody leads: its candidates are those of its base lens.
        base = of.reading.but(lens=lens.base)
        leaders = self._array("top_ids", analysis, base)[:, token, 0]
        return competition_figure(
            analysis, table, leaders, token, words, vocabulary, lens, options.theme
        )

    def _both_competitions(
        self, of: Subject, options: FigureOptions, _map: MapSettings
    ) -> go.Figure:
        if of.beside is None:
            raise InputError("Both competitions are of two analyses: name the other, beside=ID.")
        other = options.token if options.other is None else options.other
        first = self._competitor(self._arrays, of.analysis, of.reading, options.token)
        second = self._competitor(of.beside_arrays or self._arrays, *of.beside, other)
        return both_competitions_figure(first, second, options.word, options.theme)

    @staticmethod
    def _competitor(arrays: Arrays, analysis: Analysis, reading: Reading, token: int) -> Competitor:
        require_token(analysis, token)
        table = arrays.distribution(analysis, token, reading.lens, reading.sublayers)
        return Competitor(analysis, table, token, arrays.vocabulary(analysis), reading.lens)

    def _divergence(self, of: Subject, options: FigureOptions, _map: MapSettings) -> go.Figure:
        require_token(of.analysis, options.token)
        jsd = self._array("jsd", of.analysis, of.reading)
        beside = self._array("jsd", *of.beside, of.beside_arrays) if of.beside else None
        return divergence_figure(of.analysis, jsd, options.token, of.reading, options.theme, beside)

    def _profile(self, of: Subject, options: FigureOptions, _map: MapSettings) -> go.Figure:
        _require("quantity", options.quantity, PROFILES)

        def side(
            analysis: Analysis, reading: Reading, arrays: Arrays | None = None
        ) -> tuple[Analysis, dict, Reading]:
            return analysis, self._needed(analysis, reading, arrays), reading

        second = side(*of.beside, of.beside_arrays) if of.beside else None
        return profile_figure(
            side(of.analysis, of.reading), second, options.quantity, options.theme
        )

    def _trajectory(self, of: Subject, options: FigureOptions, settings: MapSettings) -> go.Figure:
        points, note = self._arrays.map(of.analysis, "trajectory", settings, "points")
        return trajectory_figure(
            strings_of(of.analysis), points, note["first_depth"], note["description"],
            options.theme, options.color_by,
        )  # fmt: skip

    def _perplexities(
        self, of: Subject, options: FigureOptions, settings: MapSettings
    ) -> go.Figure:
        points, notes = self._arrays.map(of.analysis, "perplexities", settings, "points")
        return perplexities_figure(points, notes, options.theme)

    def _patches(self, of: Subject, options: FigureOptions, _map: MapSettings) -> go.Figure:
        """Of one word, over the image."""
        if not options.word:
            raise InputError("Name the word that is laid over the image, such as word=dog.")
        lens, arrays = of.reading.lens, self._arrays
        places, _ = arrays.patch_places(of.analysis)
        word = arrays.vocabulary(of.analysis).word(options.word[0])
        values = arrays.patch_word(of.analysis, word.token_id, lens)
        image = stored_image(arrays.store.read_image(of.analysis.id))
        return patches_figure(
            image, places, values, word.token_text, lens.base, options.theme, options.depth
        )

    def _trajectory_of_set(
        self, of: ImageSet, role: str, options: SetFigureOptions, settings: MapSettings
    ) -> go.Figure:
        points, note = self._arrays.map_of_set(of, role, "trajectory", settings, "points")
        names = {member.analysis_id: member.name for member in of.members}
        strings = [string_of(a, token, names[a.id]) for a, token in self._members(of, role)]
        _, dispersion = self._arrays.map_of_set(of, role, "dispersion", settings, "profile")
        return trajectory_figure(
            strings, points, note["first_depth"], note["description"], options.theme,
            options.color_by, dispersion["neck_end"]["depth"],
        )  # fmt: skip

    def _perplexities_of_set(
        self, of: ImageSet, role: str, options: SetFigureOptions, settings: MapSettings
    ) -> go.Figure:
        points, notes = self._arrays.map_of_set(of, role, "perplexities", settings, "points")
        return perplexities_figure(points, notes, options.theme)

    def _dispersion_of_set(
        self, of: ImageSet, role: str, options: SetFigureOptions, settings: MapSettings
    ) -> go.Figure:
        profile, note = self._arrays.map_of_set(of, role, "dispersion", settings, "profile")
        analyses = [analysis for analysis, _ in self._members(of, role)]
        critical = [
            analysis.stages.critical_depth
            for analysis in analyses
            if analysis.stages and analysis.stages.critical_depth is not None
        ]
        layers = analyses[0].model.layers
        return dispersion_figure(profile, note, critical, layers, options.theme)

    def _members(self, image_set: ImageSet, role: str) -> list[tuple[Analysis, int]]:
        """Their stages read as they are today: a record may be older than the detector."""
        return [
            (as_read(self._arrays, analysis, Reading()), token)
            for analysis, token in aligned_members(self._arrays.store, image_set, role)
        ]

    def _needed(
        self, analysis: Analysis, reading: Reading, arrays: Arrays | None = None
    ) -> dict[str, np.ndarray]:
        return {name: self._array(name, analysis, reading, arrays) for name in ARRAYS_NEEDED}

    def _array(
        self, name: str, analysis: Analysis, reading: Reading, arrays: Arrays | None = None
    ) -> np.ndarray:
        return (arrays or self._arrays).named(
            analysis, name, reading.lens, reading.divergence, reading.sublayers
        )


def _require(kind: str, name: str, known: Collection[str]) -> None:
    if name not in known:
        raise InputError(f"There is no {kind} {name!r}; there are {', '.join(known)}.")
