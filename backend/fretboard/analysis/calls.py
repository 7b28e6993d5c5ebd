"""The Python that draws a figure, of an analysis `a`, a comparison `c`, a set `s` or a test `t`.

Every figure carries its own call in `meta["python"]`: the page and notebooks show it.
"""

from typing import Any

import plotly.graph_objects as go

from fretboard.analysis.figure_options import FigureOptions, SetFigureOptions
from fretboard.core.map_settings import MapSettings
from fretboard.figures.export import size

OF_BOTH = ("profile", "both-competitions")  # one figure of two analyses
COMPARED = {"fretboard": "heatmap", "divergence": "divergence"}  # a pair of figures, one a side


def of_analysis(
    name: str, options: FigureOptions, settings: MapSettings, compared: bool = False
) -> str:
    """compared: it shares its axes with another one."""
    calls = {
        "fretboard": _call("heatmap", options.quantity),
        "competition": _call("competition", options.token, **_chosen(words=options.word)),
        "divergence": _call("divergence", options.token),
        "profile": _call("profile", options.quantity),
        "both-competitions": _call(
            "competition", options.token, **_chosen(other=options.other, words=options.word)
        ),
        "trajectory": _call("map", **_map(options, settings)),
        "perplexities": _call("perplexities", **_map(options, settings)),
        "patches": _call("patches", *options.word[:1], **_chosen(depth=options.depth)),
    }
    if compared and name in COMPARED:
        return f"c.{calls[name]}[0]"
    return f"{'c' if compared and name in OF_BOTH else 'a'}.{calls[name]}"


def of_set(name: str, options: SetFigureOptions, settings: MapSettings) -> str:
    """A figure of an image set."""
    method = "guitar" if name == "trajectory" else name
    return f"s.{_call(method, **_map(options, settings))}"


def of_test(token: int | None) -> str:
    """The figure of a causal test."""
    return f"t.{_call('figure', **_chosen(token=token))}"


def noted(figure: go.Figure, call: str) -> go.Figure:
    """The figure, with its call and its size (px) in its `meta`."""
    own = dict(figure.layout.meta or {}) | {"python": call, "size": list(size(figure))}
    figure.layout.meta = own
    return figure


def _map(options: SetFigureOptions, settings: MapSettings) -> dict[str, Any]:
    """What differs from the default."""
    colors = _chosen(color_by=options.color_by) if options.color_by != "depth" else {}
    return colors | settings.model_dump(exclude_defaults=True)


def _chosen(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, [])}


def _call(method: str, /, *places: Any, **names: Any) -> str:
    arguments = [repr(value) for value in places]
    arguments += [f"{name}={value!r}" for name, value in names.items()]
    return f"{method}({', '.join(arguments)})"
