"""summary.json and tokens.parquet → one HTML file that works without a network."""

import json
import os
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
from jinja2 import Environment, PackageLoader
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from fretboard.figures.theme import MONO, SANS, THEMES
from fretboard.studies.survey.charts import CHARTS

SHOWN_REVERSALS = 30
SHOWN_FAILURES = 50
VERDICT_ORDER = ("hallucinated", "wrong", "unconfirmed", "correct", None)
EXAMPLE_COLUMNS = ("image", "word", "rival", "rival_from", "rival_to", "overturned_at", "verdict")


def write_report(
    path: Path, summary: dict[str, Any], tokens: Path, failures: list[dict[str, Any]]
) -> None:
    """Replace the report at `path`."""
    environment = Environment(
        loader=PackageLoader("fretboard.studies.survey", "templates"),
        autoescape=True,
        trim_blocks=True,
    )
    environment.filters["estimate"] = estimate_text
    drawn = _charts(summary) if "views" in summary else []
    page = environment.get_template("report.html.j2").render(
        summary=summary,
        charts=drawn,
        figures=_safe_json({chart["key"]: chart["figures"] for chart in drawn}),
        plotly=Markup(get_plotlyjs()) if drawn else "",
        themes=THEMES,
        sans=Markup(SANS),
        mono=Markup(MONO),
        reversals=_reversals(tokens),
        failures=failures[:SHOWN_FAILURES],
    )
    partial = path.with_suffix(".part")
    partial.write_text(page, encoding="utf-8")
    os.replace(partial, path)


def estimate_text(estimate: dict[str, Any], percent: bool = False) -> str:
    """`5.20 (5.01 to 5.39)`, or in per cent."""
    if estimate["value"] is None:
        return "–"
    scale, digits, unit = (100, 1, " %") if percent else (1, 2, "")
    value, low, high = (
        None if estimate[key] is None else f"{scale * estimate[key]:z.{digits}f}"
        for key in ("value", "low", "high")
    )
    return f"{value}{unit}" + (f" ({low} to {high})" if low is not None else "")


def _charts(summary: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for chart in CHARTS:
        figures = {
            theme: json.loads(figure.to_json())
            for theme in THEMES
            if (figure := chart.build(summary, theme)) is not None
        }
        if figures:
            told = {"key": chart.key, "title": chart.title, "note": chart.note}
            found.append(told | {"figures": figures})
    return found


def _safe_json(value: Any) -> Markup:
    """JSON that cannot close the script element it stands in."""
    return Markup(json.dumps(value, ensure_ascii=False).replace("<", "\\u003c"))


def _reversals(tokens: Path) -> list[dict[str, Any]]:
    """Words with a reversal, those judged false first."""
    table = pq.read_table(tokens, columns=[*EXAMPLE_COLUMNS, "reversal"])
    rows = table.filter(pc.field("reversal")).to_pylist()
    rows.sort(key=lambda row: VERDICT_ORDER.index(row["verdict"]))
    return [row | {"image": Path(row["image"]).name} for row in rows[:SHOWN_REVERSALS]]
