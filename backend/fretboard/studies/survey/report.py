"""summary.json and tokens.parquet → one HTML file that works without a network."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from fretboard.analysis.export.page import in_script, templates
from fretboard.core.whole_file import write_text
from fretboard.figures.theme import MONO, SANS, THEMES
from fretboard.studies.survey.charts import CHARTS
from fretboard.studies.survey.summary import Summary

SHOWN_REVERSALS = 30
SHOWN_FAILURES = 50
VERDICT_ORDER = ("hallucinated", "wrong", "unconfirmed", "correct", None)
EXAMPLE_COLUMNS = ("image", "word", "rival", "rival_from", "rival_to", "overturned_at", "verdict")


def write_report(
    path: Path, summary: Summary, tokens: Path, failures: list[dict[str, Any]]
) -> None:
    """Replace the report at `path`."""
    drawn = _charts(summary) if "views" in summary else []
    figures = {chart["key"]: chart["figures"] for chart in drawn}
    template = templates("fretboard.studies.survey").get_template("report.html.j2")
    page = template.render(
        summary=summary,
        charts=drawn,
        figures=Markup(in_script(json.dumps(figures, ensure_ascii=False))),
        plotly=Markup(get_plotlyjs()) if drawn else "",
        themes=THEMES,
        sans=Markup(SANS),
        mono=Markup(MONO),
        reversals=_reversals(tokens),
        failures=failures[:SHOWN_FAILURES],
    )
    write_text(path, page)


def _charts(summary: Summary) -> list[dict[str, Any]]:
    charts = []
    for chart in CHARTS:
        figures = {
            theme: json.loads(figure.to_json())
            for theme in THEMES
            if (figure := chart.build(summary, theme)) is not None
        }
        if figures:
            text = {"key": chart.key, "title": chart.title, "note": chart.note}
            charts.append(text | {"figures": figures})
    return charts


def _reversals(tokens: Path) -> list[dict[str, Any]]:
    """Words with a reversal, those judged false first."""
    reversed_too = [("reversal", "==", True)]
    rows = pq.read_table(tokens, columns=list(EXAMPLE_COLUMNS), filters=reversed_too).to_pylist()
    rows.sort(key=lambda row: VERDICT_ORDER.index(row["verdict"]))
    return [row | {"image": Path(row["image"]).name} for row in rows[:SHOWN_REVERSALS]]
