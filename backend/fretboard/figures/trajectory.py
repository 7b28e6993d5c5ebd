"""Hidden states on a map: one path per string (a token of an answer, or an image of a set)."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go

from fretboard.core.analysis import Analysis
from fretboard.figures.theme import (
    SEQUENTIAL,
    THEMES,
    Theme,
    ThemeName,
    base_figure,
    legend_above,
    readable,
)
from fretboard.figures.words import word_colors

PATH_OPACITY = 0.35
MARKER_SIZE = 7
MARKER_SIZE_3D = 3.5
MANY_POINTS = 1500  # beyond it markers are drawn smaller
STAGE_NAMES = ("rapid evolution", "stabilisation", "mutation", "no stages found")

ColorBy = Literal["depth", "stage", "string", "word"]


@dataclass(frozen=True)
class String:
    """One path: `name` for people, the word it ends in, whose analysis and token, its nodes."""

    name: str
    word: str
    analysis_id: str
    token: int
    critical_depth: int | None
    mutation_depth: int | None

    def label(self, color_by: ColorBy) -> str:
        """What tells it from the others under a colouring."""
        return self.name if color_by == "string" else self.word


def strings_of(analysis: Analysis) -> list[String]:
    """Every token of one answer."""
    return [string_of(analysis, index, f"token {index}") for index in range(len(analysis.tokens))]


def string_of(analysis: Analysis, token: int, name: str) -> String:
    """One token of an answer, as an image of a set."""
    word_token = analysis.tokens[token]
    critical = analysis.stages.critical_depth if analysis.stages else None
    word = readable(word_token.text.strip(" "))
    return String(name, word, analysis.id, token, critical, word_token.mutation_depth)


def trajectory_figure(
    strings: list[String],
    points: np.ndarray,
    first_depth: int,
    note: str,
    theme: ThemeName = "light",
    color_by: ColorBy = "depth",
    neck_end: int | None = None,
) -> go.Figure:
    """Paths and points. points: (depth from `first_depth`, string, 2 or 3).

    note: how it was made, how good; neck_end: the depth that the body begins at, ringed.
    """
    colors = THEMES[theme]
    depths, count, dimensions = points.shape
    meta = {
        "axis": "map", "note": note, "strings": count, "depths": depths,
        "first_depth": first_depth, "dimensions": dimensions, "color_by": color_by,
        "neck_end": neck_end,
    }  # fmt: skip
    traces = [
        _path(points[:, index], index, string.label(color_by), colors)
        for index, string in enumerate(strings)
    ]
    depth_of, index_of = np.indices((depths, count))
    cells = depth_of + first_depth, index_of
    for name, chosen, color in _groups(strings, *cells, color_by, colors):
        if chosen.any():
            traces.append(_points(strings, points, chosen, *cells, name, color, colors))
    if neck_end is not None and first_depth <= neck_end < first_depth + depths:
        traces.append(_ring(points[neck_end - first_depth], colors, neck_end))
    return base_figure(colors, meta, traces, **_layout(dimensions, color_by != "depth"))


def _path(points: np.ndarray, index: int, label: str, theme: Theme) -> dict[str, Any]:
    """The line of one string, through all its depths."""
    solid = points.shape[-1] == 3
    drawn = {"width": 1.5} if solid else {"width": 1, "shape": "spline", "smoothing": 0.6}
    return _scatter(
        points, mode="lines", line={"color": theme.faint, **drawn}, opacity=PATH_OPACITY,
        hoverinfo="skip", showlegend=False, meta={"string": index, "part": "path", "label": label},
    )  # fmt: skip


def _groups(
    strings: list[String],
    depth_of: np.ndarray,
    string_of: np.ndarray,
    color_by: ColorBy,
    theme: Theme,
) -> list[tuple[str, np.ndarray, str | None]]:
    """(legend, mask (depth, string), colour); colour None: by depth on the sequential scale."""
    if color_by == "depth":
        return [("", np.ones_like(depth_of, dtype=bool), None)]
    if color_by == "stage":
        stage = np.array(
            [
                [_stage(strings[s], d) for s in row]
                for d, row in zip(depth_of[:, 0].tolist(), string_of, strict=True)
            ]
        )
        return [
            (name, stage == index, color)
            for index, (name, color) in enumerate(
                zip(STAGE_NAMES, (*theme.stages, theme.faint), strict=True)
            )
        ]
    keys = [string.word if color_by == "word" else string.name for string in strings]
    names = list(dict.fromkeys(keys))
    return [
        (
            name,
            np.isin(string_of, [i for i, key in enumerate(keys) if key == name]),
            color,
        )
        for name, color in zip(names, word_colors(names, theme), strict=True)
    ]


def _stage(string: String, depth: int) -> int:
    """0 rapid evolution, 1 stabilisation, 2 mutation; 3 where no critical depth was found."""
    if string.critical_depth is None:
        return 3
    if depth < string.critical_depth:
        return 0
    return 2 if string.mutation_depth is not None and depth >= string.mutation_depth else 1


def _points(
    strings: list[String],
    points: np.ndarray,
    chosen: np.ndarray,
    depth_of: np.ndarray,
    string_of: np.ndarray,
    name: str,
    color: str | None,
    theme: Theme,
) -> dict[str, Any]:
    """Markers of the chosen cells; customdata is (string, depth, token, analysis id)."""
    size = MARKER_SIZE_3D if points.shape[2] == 3 else MARKER_SIZE
    marker = {
        "size": size if depth_of.size <= MANY_POINTS else size * 0.7,
        "line": {"color": theme.faint, "width": 0.5},
        **(_by_depth(depth_of, chosen) if color is None else {"color": color}),
    }
    who = [strings[s] for s in string_of[chosen]]
    return _scatter(
        points[chosen],
        mode="markers",
        name=name,
        marker=marker,
        text=[f"{string.name} {string.word}" for string in who],
        customdata=[
            [int(s), int(d), string.token, string.analysis_id]
            for s, d, string in zip(string_of[chosen], depth_of[chosen], who, strict=True)
        ],
        hovertemplate="%{text}, depth %{customdata[1]}<extra></extra>",
        meta={"part": "points"},
    )


def _by_depth(depth_of: np.ndarray, chosen: np.ndarray) -> dict[str, Any]:
    return {
        "color": depth_of[chosen].astype(np.int32),
        "colorscale": SEQUENTIAL,
        "cmin": 0,
        "cmax": int(depth_of.max()),
        "colorbar": {
            "title": {"text": "depth (layers applied)", "side": "right", "font": {"size": 13}},
            "thickness": 10,
            "outlinewidth": 0,
        },
    }


def _ring(places: np.ndarray, theme: Theme, neck_end: int) -> dict[str, Any]:
    return _scatter(
        places,
        mode="markers",
        name=f"the body begins (depth {neck_end})",
        marker={
            "size": MARKER_SIZE_3D + 3 if places.shape[1] == 3 else MARKER_SIZE + 6,
            "symbol": "circle-open",
            "color": theme.ink,
            "line": {"width": 1.5, "color": theme.ink},
        },
        hoverinfo="skip",
        meta={"part": "neck"},
    )


def _scatter(places: np.ndarray, **more: Any) -> dict[str, Any]:
    """A 2-D or 3-D trace of (n, dimensions) places."""
    axes = dict(zip("xyz", places.T, strict=False))
    return {"type": "scatter3d" if len(axes) == 3 else "scatter"} | axes | more


def _layout(dimensions: int, legend: bool) -> dict[str, Any]:
    side = {"showgrid": False, "showticklabels": False, "ticks": "", "zeroline": False}
    axes: dict[str, Any] = {
        f"{axis}axis": side | {"title": {"text": f"map axis {i} (no unit)"}}
        for i, axis in enumerate("xyz"[:dimensions], 1)
    }
    if dimensions == 3:
        plain = {name: axis | {"showbackground": False} for name, axis in axes.items()}
        for axis in plain.values():
            del axis["ticks"]
        axes = {"scene": plain | {"aspectmode": "data"}, "xaxis": None, "yaxis": None}
    else:
        axes["yaxis"] |= {"scaleanchor": "x", "scaleratio": 1}
    margin = {"l": 36, "b": 36, "t": 40 if legend else 12}
    return axes | {"showlegend": legend, "legend": legend_above(1.02), "margin": margin}
