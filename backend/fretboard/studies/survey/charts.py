"""The report's figures, one builder each, from the summary; in the house style, light or dark."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from fretboard.figures.theme import THEMES, Theme, ThemeName, base_figure, depth_axis
from fretboard.studies.statistics import Estimate
from fretboard.studies.survey.summary import Summary

KINDS = {"content": "content words", "function": "function words"}
PERCENT_TICKS = {"ticksuffix": " %", "rangemode": "tozero"}
MARGIN_WITH_NAMES = 190  # px, for the rows' names at the left


@dataclass(frozen=True)
class Chart:
    """One figure of the report; `build(summary, theme)` gives None where there is nothing."""

    key: str
    title: str
    note: str
    build: Callable[[Summary, ThemeName], go.Figure | None]


def critical_figure(summary: Summary, theme: ThemeName) -> go.Figure | None:
    """Share of the answers by critical depth, in both views."""
    colors = THEMES[theme]
    series = {
        "JSD change point": summary["critical_depth"]["distribution"],
        "rise of the probability": summary["probability_depth"]["distribution"],
    }
    figure = _bars(series, colors, "answers", (colors.stages[0], colors.accent))
    return _over_depths(figure, summary, "critical depth (layers applied)")


def mutation_figure(summary: Summary, theme: ThemeName) -> go.Figure | None:
    """Share of the mutation tokens by mutation depth and word kind."""
    depths = summary["mutation_depth"]
    series = {name: depths[kind]["distribution"] for kind, name in KINDS.items()}
    if not any(series.values()):
        return None
    colors = THEMES[theme]
    figure = _bars(series, colors, "mutation tokens", (colors.stages[2], colors.stages[1]))
    return _over_depths(figure, summary, "mutation depth (layers applied)")


def views_figure(summary: Summary, theme: ThemeName) -> go.Figure | None:
    """Share of the answers by how far the two views of the critical depth lie apart."""
    colors = THEMES[theme]
    series = {"answers": summary["views"]["distribution"]}
    figure = _bars(series, colors, "answers", (colors.stages[0],))
    title = "probability less JSD view (layers)"
    return figure.update_xaxes(title={"text": title}, tickmode="linear", dtick=1)


def classes_figure(summary: Summary, theme: ThemeName) -> go.Figure | None:
    """Mutation and reversal share of the tokens, by word kind."""
    rows = {
        f"{share}, {name}": summary["classes"][kind][share]
        for share in ("mutation", "reversal")
        for kind, name in KINDS.items()
    }
    return _dots(rows, THEMES[theme], "share of tokens")


def truth_figure(summary: Summary, theme: ThemeName) -> go.Figure | None:
    """Mutation and reversal share of the judged words, by verdict."""
    if not summary["truth"]:
        return None
    rows = {
        f"{share}, {verdict}": shares[share]
        for share in ("mutation", "reversal")
        for verdict, shares in summary["truth"]["by_verdict"].items()
    }
    return _dots(rows, THEMES[theme], "share of words") if rows else None


def depth_differences(summary: Summary, theme: ThemeName) -> go.Figure | None:
    """This survey less the earlier one: depths."""
    relative = summary.get("comparison", {}).get("depths_relative_to_layers")
    unit = "share of L" if relative else "depths"
    title = "difference (share of L)" if relative else "difference (layers)"
    return _differences(summary, THEMES[theme], (unit,), title, 1.0)


def share_differences(summary: Summary, theme: ThemeName) -> go.Figure | None:
    """This survey less the earlier one: shares and probabilities."""
    title = "points"
    return _differences(summary, THEMES[theme], ("share", "probability"), title, 100.0)


WHISKERS = "Whiskers: 95 % interval over images; hollow: too few images for one."
CHANGED = " A whisker that leaves out zero is a difference."
CHARTS = (
    Chart("critical", "Critical depth",
          "Where the rapid evolution of the answer ends, one value an answer.", critical_figure),
    Chart("views", "How far the two views disagree",
          "Zero: both views name the same depth. Right of zero: the probability rises later.",
          views_figure),
    Chart("mutation", "Mutation depth",
          "The most prominent late change, one value a mutation token.", mutation_figure),
    Chart("classes", "Mutations and reversals by word kind",
          "Share of all classified tokens. " + WHISKERS, classes_figure),
    Chart("truth", "Held against the truth",
          "Share of the judged words. " + WHISKERS, truth_figure),
    Chart("depth-differences", "Against the earlier survey: depths",
          WHISKERS + CHANGED, depth_differences),
    Chart("share-differences", "Against the earlier survey: shares",
          "In percentage points. " + WHISKERS + CHANGED, share_differences),
)  # fmt: skip


def _bars(
    series: dict[str, dict[str, int]], theme: Theme, what: str, colors: Sequence[str]
) -> go.Figure:
    """Side by side, as a share of each series; the counts are in the hover text."""
    figure = base_figure(theme, {})
    for (name, counts), color in zip(series.items(), colors, strict=True):
        total = sum(counts.values())
        figure.add_bar(
            x=[int(level) for level in counts],
            y=[100 * count / total for count in counts.values()],
            customdata=list(counts.values()),
            name=f"{name} (n = {total})",
            marker={"color": color},
            hovertemplate="%{x}: %{y:.1f} %, %{customdata} " + what + "<extra></extra>",
        )
    figure.update_yaxes(title={"text": f"share of {what}"}, **PERCENT_TICKS)
    figure.update_xaxes(showgrid=False)
    legend = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}
    return figure.update_layout(
        showlegend=True, legend=legend, margin={"t": 56}, bargap=0.25, height=360
    )


def _over_depths(figure: go.Figure, summary: Summary, title: str) -> go.Figure:
    layers = summary["survey"]["layers"]
    return figure.update_xaxes(**depth_axis(layers, title), range=[-0.5, layers + 0.5])


def _dots(rows: dict[str, Estimate], theme: Theme, title: str) -> go.Figure:
    """One dot a row with its interval, in per cent."""
    known = {name: row for name, row in rows.items() if row.value is not None}
    figure = _rows(known, theme, 100.0)
    return figure.update_xaxes(title={"text": title}, **PERCENT_TICKS)


def _differences(
    summary: Summary, theme: Theme, units: tuple[str, ...], title: str, scale: float
) -> go.Figure | None:
    measures = summary.get("comparison", {}).get("measures", [])
    rows = {m["label"]: m["difference"] for m in measures if m["unit"] in units}
    if not rows:
        return None
    figure = _rows(rows, theme, scale)
    figure.add_vline(x=0, line={"color": theme.faint, "width": 1, "dash": "dot"})
    return figure.update_xaxes(title={"text": title})


def _rows(rows: dict[str, Estimate], theme: Theme, scale: float) -> go.Figure:
    table = pd.DataFrame(
        [vars(row) for row in rows.values()], columns=["value", "low", "high"], dtype=float
    )
    value, low, high = (scale * table[name] for name in table)
    ends = zip(low, high, strict=True)
    above, below = ((end - value).abs().fillna(0.0).tolist() for end in (high, low))
    dots = {
        "type": "scatter", "mode": "markers", "cliponaxis": False,
        "x": value.tolist(), "y": list(range(len(rows))),
        "marker": {
            "size": 9, "color": theme.accent,
            "symbol": low.isna().map({True: "circle-open", False: "circle"}).tolist(),
        },
        "error_x": {
            "type": "data", "symmetric": False, "array": above, "arrayminus": below,
            "color": theme.faint, "thickness": 1.5, "width": 4,
        },
        "customdata": [
            "no interval" if math.isnan(first) else f"{first:.2f} to {last:.2f}"
            for first, last in ends
        ],
        "hovertemplate": "%{x:.2f} (%{customdata})<extra></extra>",
    }  # fmt: skip
    labels = [f"{name}<br><span style='font-size:11px'>n = {row.n}</span>"
             for name, row in rows.items()]  # fmt: skip
    names = {
        "tickvals": list(range(len(rows))), "ticktext": labels, "showgrid": False,
        "zeroline": False, "range": [len(rows) - 0.5, -0.5],
    }  # fmt: skip
    size = {"margin": {"l": MARGIN_WITH_NAMES}, "height": 110 + 44 * len(rows)}
    return base_figure(theme, {}, [dots], yaxis=names, **size)
