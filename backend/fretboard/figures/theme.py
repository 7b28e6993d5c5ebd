"""Colours and layout shared by all figures: paper and ink; the data has the colour."""

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go

from fretboard.core.vocabulary import BYTE_TOKEN

ThemeName = Literal["light", "dark"]
SANS = "'Source Sans 3 Variable', 'Source Sans 3', system-ui, sans-serif"
MONO = "'IBM Plex Mono', ui-monospace, monospace"
SEQUENTIAL = "Cividis"  # readable with any colour vision, and in grey


@dataclass(frozen=True)
class Theme:
    """Ink on paper; `stages` = rapid evolution, stabilisation, mutation."""

    paper: str
    ink: str
    faint: str
    line: str
    accent: str
    stages: tuple[str, str, str]
    candidates: tuple[str, ...]
    diverging: tuple[tuple[float, str], ...]
    """Below zero, zero, above: blue to orange, told apart with any colour vision."""


# Okabe and Ito's palette, safe for colour blindness; black is left out, it is the ink's place.
_LIGHT_CANDIDATES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#B8860B", "#7A5BB5")
_DARK_CANDIDATES = ("#56B4E9", "#F0874A", "#2FC49B", "#E39BC3", "#8FD0F5", "#E6C229", "#B39DDB")
THEMES: dict[ThemeName, Theme] = {
    "light": Theme(
        "#FBFAF7", "#1D1B18", "#77716A", "#E6E2DA", "#9A6B1F",
        ("#4E79A7", "#7A9E7E", "#B5694E"), _LIGHT_CANDIDATES,
        ((0, "#08519C"), (0.25, "#6BAED6"), (0.5, "#F1EDE4"), (0.75, "#F0974A"), (1, "#9A3B00")),
    ),
    "dark": Theme(
        "#16171A", "#ECE9E2", "#9C978E", "#2C2E33", "#D9A441",
        ("#7FA6D6", "#93BD98", "#E0937A"), _DARK_CANDIDATES,
        ((0, "#8FD0F5"), (0.25, "#3A7CB0"), (0.5, "#26282C"), (0.75, "#B5622A"), (1, "#FFC27A")),
    ),
}  # fmt: skip


def base_figure(
    theme: Theme, meta: dict[str, Any], traces: Iterable[dict[str, Any]] = (), **layout: Any
) -> go.Figure:
    """A figure in the house style; `meta` tells the page what it shows, `layout` adds to the style.

    What is handed over here is checked once; whatever is added later has all checked again.
    """
    return go.Figure(data=list(traces), layout=_merged(_house(theme, meta), layout))


def _merged(style: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """`own` over `style`, dictionaries within dictionaries too."""
    inner = {
        name: _merged(style[name], value)
        for name, value in own.items()
        if isinstance(value, dict) and isinstance(style.get(name), dict)
    }
    return style | own | inner


def _house(theme: Theme, meta: dict[str, Any]) -> dict[str, Any]:
    axis = {
        "automargin": True,
        "zerolinewidth": 2,
        "gridcolor": theme.line,
        "linecolor": theme.line,
        "zerolinecolor": theme.line,
        "tickcolor": theme.line,
        "ticks": "outside",
        "ticklen": 4,
        "title": {"standoff": 8, "font": {"size": 14}},
    }
    return {
        "template": "none",  # Plotly's own would be most of a figure's bytes
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": SANS, "size": 13, "color": theme.ink},
        "margin": {"l": 52, "r": 16, "t": 12, "b": 44},
        "hovermode": "closest",
        "hoverlabel": {
            "bgcolor": theme.paper,
            "bordercolor": theme.line,
            "font": {"family": MONO, "size": 12, "color": theme.ink},
            "align": "left",
        },
        "showlegend": False,
        "xaxis": axis,
        "yaxis": axis,
        "meta": meta,
    }


def readable(text: str) -> str:
    """A token for people: leading space as a faint dot, newline as ↵; safe inside Plotly's HTML."""
    if BYTE_TOKEN.match(text):
        return f"0x{text[3:5]}"
    shown = text.replace("\n", "↵").replace("\t", "⇥")
    if shown.startswith(" "):
        shown = "·" + shown[1:]
    return html.escape(shown) or "∅"


def quoted(text: str) -> str:
    """A token within a sentence, not in HTML: no space before it."""
    return f"“{html.unescape(readable(text.strip(' ') or text))}”"


def depth_axis(layers: int, title: str = "depth (layers applied)") -> dict[str, Any]:
    """Integer ticks from 0 to L, at most about a dozen."""
    step = max(1, -(-layers // 12))
    return {"title": {"text": title}, "tickmode": "linear", "tick0": 0, "dtick": step}


def depths_of(rows: int, layers: int) -> np.ndarray:
    """(rows,) the depth of each row: 0, 1, …, L, or 0, ½, …, L where there are 2L + 1."""
    places = np.arange(rows, dtype=np.int32)
    return places if rows == layers + 1 else (places * layers / (rows - 1)).astype(np.float32)


def middles_of(depths: np.ndarray) -> np.ndarray:
    """Where the pairs of adjacent depths stand: between the two."""
    return (depths[:-1] + depths[1:]) / 2


def legend_above(y: float = 1.06) -> dict[str, Any]:
    """A legend in one row over the figure."""
    return {"orientation": "h", "x": 0, "y": y, "yanchor": "bottom", "font": {"size": 12}}


def curve(x: Any, y: Any, color: str, hover: str, width: float = 2, **more: Any) -> dict[str, Any]:
    """A trace: a line with a marker a point; more: as of Plotly's scatter."""
    return {
        "type": "scatter",
        "x": x,
        "y": y,
        "mode": "lines+markers",
        "line": {"color": color, "width": width},
        "hovertemplate": hover,
        "marker": {"size": 5},
        **more,
    }


def percent(value: float) -> str:
    """A probability in few characters."""
    return "<0.1 %" if 0 < value < 0.001 else f"{100 * value:.1f} %"


def whole_percent(share: float) -> str:
    """A share or a part of an effect, without decimals."""
    return typeset(f"{100 * float(share):.0f} %")


def signed_percent(value: float) -> str:
    """A difference of probabilities, in points."""
    return typeset(f"{100 * value:+.1f} pts")


def listed(parts: Sequence[str], last: str = "and") -> str:
    """As a sentence does: a, b and c."""
    return f" {last} ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def typeset(number: str) -> str:
    """With the minus sign that axes have, which is as wide as a plus."""
    return number.replace("-", "−")


def rgba(color: str, opacity: float) -> str:
    """`#RRGGBB` with an opacity."""
    red, green, blue = (int(color[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"
