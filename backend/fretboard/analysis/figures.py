"""Which arrays a figure needs, and the figure: for the server and the command line alike."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import plotly.graph_objects as go

from fretboard.analysis.arrays import require_token
from fretboard.analysis.stages import ARRAYS_NEEDED as STAGES_NEED
from fretboard.analysis.stages import staged
from fretboard.core.analysis import Analysis
from fretboard.core.arrays import MapKind, Reading
from fretboard.core.errors import InputError, NotFound
from fretboard.core.question import Divergence, Lens, SkipWhen, StageMethod
from fretboard.core.vocabulary import Vocabulary
from fretboard.figures import (
    QUANTITIES,
    competition_figure,
    divergence_figure,
    fretboard_figure,
    perplexities_figure,
    profile_figure,
    trajectory_figure,
)
from fretboard.figures.profile import PROFILES
from fretboard.figures.quantities import (
    ARRAYS_NEEDED,
    NAMES_OF_DIVERGENCE,
    NAMES_OF_LENS,
    NAMES_OF_SCALING,
)
from fretboard.figures.theme import ThemeName, readable
from fretboard.figures.trajectory import COLORS_BY, ColorBy, strings_of
from fretboard.lens.maps.settings import MapSettings
from fretboard.lens.thresholds import Thresholds

FindVocabulary = Callable[[Analysis], Vocabulary]


class ArraySource(Protocol):
    """Where a figure's arrays come from (`sources.RecordSource` says what each holds)."""

    def named(
        self,
        analysis: Analysis,
        name: str,
        lens: Lens | None = None,
        divergence: Divergence = Divergence.JSD,
    ) -> np.ndarray: ...

    def distribution(self, analysis: Analysis, token: int, lens: Lens | None) -> np.ndarray: ...

    def map(
        self, analysis: Analysis, kind: MapKind, settings: MapSettings, name: str
    ) -> tuple[np.ndarray, Any]: ...


@dataclass(frozen=True)
class Wanted:
    """What to draw of an analysis, and the analysis its axes are shared with."""

    analysis: Analysis
    reading: Reading
    quantity: str = "probability"
    token: int = 0
    words: list[str] = field(default_factory=list)
    map: MapSettings = field(default_factory=MapSettings)
    color_by: ColorBy = "depth"
    theme: ThemeName = "light"
    beside: Analysis | None = None
    beside_lens: Lens | None = None

    @property
    def other(self) -> tuple[Analysis, Reading] | None:
        """The analysis beside, and how it is read."""
        if self.beside is None:
            return None
        lens = self.beside_lens or self.reading.lens
        return self.beside, replace(self.reading, lens=lens)


class Drawing:
    """Gather what a figure needs, then build it."""

    def __init__(self, source: ArraySource, vocabulary: FindVocabulary) -> None:
        self._source = source
        self._vocabulary = vocabulary
        self._by_name: dict[str, Callable[[Wanted], go.Figure]] = {
            "fretboard": self._fretboard,
            "competition": self._competition,
            "divergence": self._divergence,
            "profile": self._profile,
            "trajectory": self._trajectory,
            "perplexities": self._perplexities,
        }

    def figure(self, name: str, wanted: Wanted) -> go.Figure:
        """The named figure. Raises NotFound, or InputError for what it cannot show."""
        self.check(name)
        return self._by_name[name](wanted)

    def check(self, name: str) -> None:
        """Raises NotFound for a name that is no figure's."""
        if name not in self._by_name:
            raise NotFound(f"There is no figure {name!r}; there are {', '.join(self._by_name)}.")

    def _fretboard(self, wanted: Wanted) -> go.Figure:
        _require("quantity", wanted.quantity, QUANTITIES)
        other = wanted.other
        return fretboard_figure(
            wanted.analysis,
            self._arrays(wanted.analysis, wanted.reading),
            self._vocabulary(wanted.analysis),
            wanted.quantity,
            wanted.reading,
            wanted.theme,
            None if other is None else self._arrays(*other),
        )

    def _competition(self, wanted: Wanted) -> go.Figure:
        require_token(wanted.analysis, wanted.token)
        lens = wanted.reading.lens
        vocabulary = self._vocabulary(wanted.analysis)
        words = [vocabulary.word(word) for word in wanted.words]
        table = self._source.distribution(wanted.analysis, wanted.token, lens)
        # Of a difference nobody leads: its candidates are those of the normed lens.
        leaders = self._source.named(wanted.analysis, "top_ids", lens.base)[:, wanted.token, 0]
        return competition_figure(
            wanted.analysis, table, leaders, wanted.token, words, vocabulary, lens, wanted.theme
        )

    def _divergence(self, wanted: Wanted) -> go.Figure:
        require_token(wanted.analysis, wanted.token)
        other = wanted.other
        return divergence_figure(
            wanted.analysis, self._jsd(wanted.analysis, wanted.reading), wanted.token,
            wanted.reading, wanted.theme, None if other is None else self._jsd(*other),
        )  # fmt: skip

    def _profile(self, wanted: Wanted) -> go.Figure:
        _require("quantity", wanted.quantity, PROFILES)

        def side(analysis: Analysis, reading: Reading) -> tuple[Analysis, dict, Reading]:
            return analysis, self._arrays(analysis, reading), reading

        first = side(wanted.analysis, wanted.reading)
        second = side(*wanted.other) if wanted.other else None
        return profile_figure(first, second, wanted.quantity, wanted.theme)

    def _trajectory(self, wanted: Wanted) -> go.Figure:
        _require("colouring", wanted.color_by, COLORS_BY)
        points, note = self._source.map(wanted.analysis, "trajectory", wanted.map, "points")
        return trajectory_figure(
            strings_of(wanted.analysis), points, note["first_depth"], note["description"],
            wanted.theme, wanted.color_by,
        )  # fmt: skip

    def _perplexities(self, wanted: Wanted) -> go.Figure:
        points, notes = self._source.map(wanted.analysis, "perplexities", wanted.map, "points")
        return perplexities_figure(points, notes, wanted.theme)

    def _jsd(self, analysis: Analysis, reading: Reading) -> np.ndarray:
        return self._source.named(analysis, "jsd", reading.lens, reading.divergence)

    def _arrays(self, analysis: Analysis, reading: Reading) -> dict[str, np.ndarray]:
        return {
            name: self._source.named(analysis, name, reading.lens, reading.divergence)
            for name in ARRAYS_NEEDED
        }


def staged_as(
    source: ArraySource,
    find_vocabulary: FindVocabulary,
    analysis: Analysis,
    lens: Lens | None,
    method: StageMethod,
    thresholds: Thresholds,
) -> Analysis:
    """The finished document, staged anew where the lens, method or a threshold differs."""
    base = (lens or analysis.request.lens).base
    known = analysis.stages
    asked = (base, method, thresholds.as_dict())
    as_stored = known and (known.lens, known.method, known.thresholds) == asked
    if as_stored or not analysis.tokens:
        return analysis
    arrays = {name: source.named(analysis, name, base) for name in STAGES_NEED}
    return staged(analysis, arrays, find_vocabulary(analysis), base, method, thresholds)


def _require(kind: str, name: str, known: Collection[str]) -> None:
    if name not in known:
        raise InputError(f"There is no {kind} {name!r}; there are {', '.join(known)}.")


def heading(name: str, wanted: Wanted) -> tuple[str, str]:
    """Title and note of a figure: what, of which model and prompt, under which reading."""
    analysis, reading = wanted.analysis, wanted.reading
    titles = {
        "fretboard": QUANTITIES[wanted.quantity].title,
        "profile": f"{wanted.quantity}, mean over tokens",
        "divergence": f"divergence of adjacent depths, {_token(wanted)}",
        "competition": f"competition at {_token(wanted)}",
        "trajectory": "hidden states of all tokens on one map",
    }
    quantity = {"fretboard": wanted.quantity, "profile": wanted.quantity, "divergence": "jsd"}
    parts = [analysis.model.name, f"“{analysis.request.prompt}”"]
    if name != "trajectory":
        parts.append(NAMES_OF_LENS[reading.lens])
        parts.append(NAMES_OF_DIVERGENCE[reading.divergence] if quantity.get(name) == "jsd" else "")
        parts.append(NAMES_OF_SCALING[reading.scaling] if name in quantity else "")
    if analysis.stages is not None:
        parts.append(f"stages: {analysis.stages.method}")
    if analysis.request.skip_layers:
        layers = ", ".join(map(str, analysis.request.skip_layers))
        after = " after the prompt" if analysis.request.skip_when is SkipWhen.DECODE else ""
        parts.append(f"skipped layers {layers}{after}")
    return titles[name], " · ".join(filter(None, parts))


def _token(wanted: Wanted) -> str:
    return f"token {wanted.token} “{readable(wanted.analysis.tokens[wanted.token].text)}”"
