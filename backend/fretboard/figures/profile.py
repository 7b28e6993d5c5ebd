"""A quantity's mean over the answer's tokens at every depth, of one analysis or of two."""

import numpy as np
import plotly.graph_objects as go

from fretboard.core.analysis import Analysis
from fretboard.core.arrays import UNITS_OF_DIVERGENCE
from fretboard.core.reading import Reading
from fretboard.core.repair import spans
from fretboard.figures.quantities import NAMES_OF_LENS, QUANTITIES, Arrays, label
from fretboard.figures.relative import of_two_models, relative_axis, shares
from fretboard.figures.theme import (
    THEMES,
    ThemeName,
    base_figure,
    curve,
    depth_axis,
    depths_of,
    legend_above,
    middles_of,
    rgba,
)

PROFILES = ("probability", "entropy", "jsd")
SPREAD = (0.25, 0.75)  # quantiles over the tokens
SPREAD_OPACITY = 0.15


def profile_figure(
    first: tuple[Analysis, Arrays, Reading],
    second: tuple[Analysis, Arrays, Reading] | None = None,
    quantity: str = "jsd",
    theme: ThemeName = "light",
    names: tuple[str, str] = ("A", "B"),
) -> go.Figure:
    """Means over tokens with the middle half as a band, on shared axes. quantity: of `PROFILES`.

    Over depth; of two models over d / L.
    """
    colors = THEMES[theme]
    reading = first[2]
    pair = quantity == "jsd"
    sides = [first] if second is None else [first, second]
    relative = of_two_models([side[0] for side in sides])
    axis = "relative" if relative else "pair" if pair else "depth"
    figure = base_figure(colors, {"axis": axis, "quantity": quantity, **reading.as_meta()})
    for side, name, color in zip(sides, names, (colors.ink, colors.candidates[0]), strict=False):
        _add_profile(figure, side, quantity, name, color, relative)
    unit = UNITS_OF_DIVERGENCE[reading.divergence] if pair else QUANTITIES[quantity].unit
    layers = max(side[0].model.layers for side in sides)
    own = depth_axis(layers) | {"range": [0, layers], "showgrid": False}
    figure.update_xaxes(**relative_axis() if relative else own)
    same_lens = len({side[2].lens for side in sides}) == 1
    title = label(unit, reading) if same_lens else unit
    figure.update_yaxes(title={"text": f"mean {title}"}, rangemode="tozero", nticks=6)
    figure.update_layout(showlegend=True, legend=legend_above(), margin={"t": 40})
    return figure


def _run(analysis: Analysis) -> str:
    """The model, and what sets the run apart from a plain one."""
    request, repair = analysis.request, analysis.repair
    return ", ".join(
        [
            analysis.model.name,
            *(["no image"] if request.image is None else []),
            *([f"without layers {spans(request.skip_layers)}"] if request.skip_layers else []),
            *([f"decoded with {repair.kind}"] if repair else []),
            *([request.steering.summary] if request.steering else []),
        ]
    )


def _add_profile(
    figure: go.Figure,
    side: tuple[Analysis, Arrays, Reading],
    quantity: str,
    name: str,
    color: str,
    relative: bool,
) -> None:
    analysis, arrays, reading = side
    values = QUANTITIES[quantity].values(arrays).astype(np.float64)
    pair = quantity == "jsd"
    depths = depths_of(len(values) + pair, analysis.model.layers).astype(np.float64)
    places = middles_of(depths) if pair else depths
    places = shares(places, analysis) if relative else places
    low, high = np.quantile(values, SPREAD, axis=1)
    lens = NAMES_OF_LENS[reading.lens]
    figure.add_scatter(
        x=np.concatenate([places, places[::-1]]),
        y=np.concatenate([high, low[::-1]]).astype(np.float32),
        fill="toself",
        fillcolor=rgba(color, SPREAD_OPACITY),
        line={"width": 0},
        name=f"{name}: middle half of the tokens",
        hoverinfo="skip",
        showlegend=False,
    )
    mean, legend = values.mean(axis=1).astype(np.float32), f"{name}: {_run(analysis)}, {lens}"
    hover = f"{name} mean %{{y:.4g}} at %{{x:.3g}}<extra>{lens}</extra>"
    figure.add_trace(curve(places, mean, color, hover, name=legend, marker={"size": 4}))
    if analysis.stages is not None and analysis.stages.critical_depth is not None:
        figure.add_vline(
            x=analysis.stages.critical_depth / (analysis.model.layers if relative else 1),
            line={"color": color, "width": 1, "dash": "dot"},
            name=f"critical depth of {name}",
        )
