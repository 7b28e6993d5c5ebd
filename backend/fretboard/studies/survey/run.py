"""`fretboard survey`: items → analyses → table → summary → report."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fretboard import __version__
from fretboard.core.errors import InputError
from fretboard.core.question import Question
from fretboard.engine.session import Session
from fretboard.studies.batch import FAILURES, Outcome, SurveyRun, check_any
from fretboard.studies.sources import find_items
from fretboard.studies.survey.comparison import compare
from fretboard.studies.survey.report import write_report
from fretboard.studies.survey.summary import Table, read_table, summarise

TOKENS = "tokens.parquet"
SUMMARY = "summary.json"
REPORT = "report.html"
SHOWN_PROMPTS = 5
SAID = {"max_new_tokens", "lens", "skip_layers", "repair"}  # of the question, in the summary


@dataclass(frozen=True)
class Sources:
    """What the survey is about, as typed; see `find_items`."""

    names: tuple[str, ...]
    images: Path | None = None
    annotations: Path | None = None
    limit: int | None = None
    earlier: Path | None = None
    """The folder of a survey to compare with."""


@dataclass(frozen=True)
class Written:
    """The summary, its folder, and whether Ctrl-C ended the pass."""

    summary: dict[str, Any]
    output: Path
    interrupted: bool


def run_survey(
    session: Session,
    sources: Sources,
    question: Question,
    output: Path,
    keep_states: bool = True,
) -> Written:
    """Run or continue a survey into `output`. Raises InputError, or when nothing can be done."""
    earlier = _earlier(sources.earlier)
    items = find_items(
        sources.names, question.prompt, sources.images, sources.annotations, sources.limit
    )
    run = SurveyRun(session, question, items, output, keep_states)
    outcome = run.run()
    check_any(outcome, output)
    rows = run.write_tokens(outcome, output / TOKENS)
    asked = {
        "prompts": sorted({str(item.prompt) for item in items})[:SHOWN_PROMPTS],
        "items": len(items),
        "stages": run.detection(outcome),
    }
    about = _about(session, sources, question, outcome) | {"keep_states": keep_states} | asked
    summary = _summary(about, read_table(output / TOKENS) if rows else None, earlier)
    _replace(output / SUMMARY, json.dumps(summary, indent=1, ensure_ascii=False, allow_nan=False))
    write_report(output / REPORT, summary, output / TOKENS, outcome.failures)
    return Written(summary, output, outcome.interrupted)


def _summary(about: dict[str, Any], tokens: Table | None, earlier: Table | None) -> dict[str, Any]:
    """Without a single token there is nothing to summarise."""
    if tokens is None:
        return {"survey": about}
    figures = {"survey": about} | summarise(tokens)
    return figures | ({"comparison": compare(tokens, earlier)} if earlier is not None else {})


def _about(
    session: Session, sources: Sources, question: Question, outcome: Outcome
) -> dict[str, Any]:
    served = session.served
    return {
        "fretboard": __version__,
        "model": served.name,
        "revision": served.revision,
        "layers": served.layers,
        **question.model_dump(mode="json", include=SAID),
        "sources": list(sources.names),
        "from": str(sources.earlier) if sources.earlier else None,
        "done": len(outcome.done),
        "failed": len(outcome.failures),
        "interrupted": outcome.interrupted,
    }


def _earlier(folder: Path | None) -> Table | None:
    """Read first: a survey of hours must not end on a mistyped folder."""
    if folder is None:
        return None
    if not (folder / TOKENS).is_file():
        raise InputError(f"{folder} holds no {TOKENS}: it is not the output of a survey.")
    return read_table(folder / TOKENS)


def _replace(path: Path, text: str) -> None:
    partial = path.with_suffix(".part")
    partial.write_text(text + "\n", encoding="utf-8")
    os.replace(partial, path)


def lines(written: Written) -> list[str]:
    """The summary in a few lines, for the terminal."""
    summary, about = written.summary, written.summary["survey"]
    told = [f"{about['done']} of {about['items']} done, {about['failed']} failed"]
    if about["failed"]:
        told[0] += f" (see {written.output / FAILURES}; run the command again to retry)"
    if written.interrupted:
        told.append("Stopped. Run the same command again to continue.")
    if "views" in summary:
        told += _figures(summary)
    return [*told, f"Report: {written.output / REPORT}"]


def _figures(summary: dict[str, Any]) -> list[str]:
    views, classes = summary["views"], summary["classes"]
    told = [
        f"critical depth     {_range(summary['critical_depth']['mean'])}",
        f"probability depth  {_range(summary['probability_depth']['mean'])}",
        f"views apart        {_range(views['absolute_difference'])}",
        f"mutation depth     {_range(summary['mutation_depth']['all']['mean'])}",
    ]
    for kind in ("content", "function"):
        shares = {name: _range(classes[kind][name], 3) for name in ("mutation", "reversal")}
        told.append(f"{kind + ' words':<18} mutation {shares['mutation']}, "
                    f"reversal {shares['reversal']}")  # fmt: skip
    for verdict, found in (summary["truth"] or {}).get("by_verdict", {}).items():
        told.append(f"{verdict:<18} reversal {_range(found['reversal'], 3)}")
    return told


def _range(estimate: dict[str, Any], digits: int = 2) -> str:
    """`5.20 (5.01 to 5.39; n = 40)`."""
    if estimate["value"] is None:
        return "none found"
    value = f"{estimate['value']:.{digits}f}"
    if estimate["low"] is None:
        return f"{value} (n = {estimate['n']})"
    low, high = (f"{estimate[end]:.{digits}f}" for end in ("low", "high"))
    return f"{value} ({low} to {high}; n = {estimate['n']})"
