"""`fretboard survey`: items → analyses → table → summary → report."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pyarrow import ArrowInvalid

from fretboard import __version__
from fretboard.core.errors import InputError, said
from fretboard.core.question import Question
from fretboard.core.whole_file import write_json
from fretboard.engine.session import Session
from fretboard.studies.batch import FAILURES, BatchAnswers, StudyBatch, check_any
from fretboard.studies.sources import find_items
from fretboard.studies.survey.comparison import SHOWN_PROMPTS, compare
from fretboard.studies.survey.report import write_report
from fretboard.studies.survey.rows import write_rows
from fretboard.studies.survey.summary import Summary, read_table, summarise

TOKENS = "tokens.parquet"
SUMMARY = "summary.json"
REPORT = "report.html"
OF_QUESTION = {"max_new_tokens", "lens", "skip_layers", "repair", "steering"}  # in the summary


@dataclass(frozen=True)
class Sources:
    """What the survey is about, as typed; see `find_items`."""

    names: tuple[str, ...]
    images: Path | None = None
    annotations: Path | None = None
    limit: int | None = None
    earlier: Path | None = None
    """The folder of a survey to compare with."""


@dataclass(frozen=True, repr=False)
class Survey:
    """What `Model.survey` gives: the numbers with their intervals, in the survey's folder.

    >>> print(v)
    3 of 3 done, 0 failed
    ...
    """

    summary: Summary
    """See docs/surveys.md."""
    output: Path
    interrupted: bool
    """By Ctrl-C."""

    def __repr__(self) -> str:
        return "\n".join(_lines(self))

    @property
    def report(self) -> Path:
        """A page with the summary's charts, in the survey's folder.

        >>> v.report.name
        'report.html'
        """
        return self.output / REPORT

    @property
    def failures(self) -> Path:
        """The images that could not be analysed, one JSON object a line.

        >>> v.failures.read_text()
        ''
        """
        return self.output / FAILURES

    def to_pandas(self) -> pd.DataFrame:
        """A row a token; the columns are those of docs/surveys.md.

        >>> len(v.to_pandas()) > 0
        True
        """
        return pd.read_parquet(self.output / TOKENS)


def run_survey(
    session: Session,
    sources: Sources,
    question: Question,
    output: Path,
    keep_states: bool = True,
) -> Survey:
    """Run or continue a survey into `output`. Raises InputError, or when nothing can be done."""
    earlier = _earlier(sources.earlier)
    items = find_items(
        sources.names, question.prompt, sources.images, sources.annotations, sources.limit
    )
    batch = StudyBatch(session, question, items, output, keep_states)
    answers = batch.run()
    check_any(answers, output)
    rows = write_rows(output / TOKENS, batch.rows(answers))
    summary: Summary = {
        "survey": _about(session, sources, question, answers)
        | {
            "keep_states": keep_states,
            "prompts": sorted({str(item.prompt) for item in items})[:SHOWN_PROMPTS],
            "items": len(items),
            "stages": batch.detection(answers),
        }
    }
    if rows:  # without a single token there is nothing to summarise
        tokens = read_table(output / TOKENS)
        summary |= summarise(tokens)
        summary |= {"comparison": compare(tokens, earlier)} if earlier is not None else {}
    write_json(output / SUMMARY, summary)
    write_report(output / REPORT, summary, output / TOKENS, answers.failures)
    return Survey(summary, output, answers.interrupted)


def _about(
    session: Session, sources: Sources, question: Question, answers: BatchAnswers
) -> dict[str, Any]:
    served = session.served
    return {
        "fretboard": __version__,
        "model": served.name,
        "revision": served.revision,
        "layers": served.layers,
        **question.model_dump(mode="json", include=OF_QUESTION),
        "sources": list(sources.names),
        "from": str(sources.earlier) if sources.earlier else None,
        "done": len(answers.done),
        "failed": len(answers.failures),
        "interrupted": answers.interrupted,
    }


def _earlier(folder: Path | None) -> pd.DataFrame | None:
    """Read first: a survey of hours must not end on a mistyped folder."""
    if folder is None:
        return None
    if not (folder / TOKENS).is_file():
        raise InputError(f"{folder} holds no {TOKENS}: it is not the output of a survey.")
    try:
        table = read_table(folder / TOKENS)
        compare(table, table)  # an older one may lack what is compared
        return table
    except (ArrowInvalid, KeyError, OSError, TypeError, ValueError) as error:
        raise InputError(
            f"{folder / TOKENS} cannot be compared with ({said(error)}): it is damaged, or of an "
            "older version. Run that survey's command again, which makes it anew from its analyses."
        ) from error


def _lines(survey: Survey) -> list[str]:
    """The summary in a few lines, for the terminal."""
    summary, about = survey.summary, survey.summary["survey"]
    said = [f"{about['done']} of {about['items']} done, {about['failed']} failed"]
    if about["failed"]:
        said[0] += f" (see {survey.failures}; run the command again to retry)"
    if survey.interrupted:
        said.append("Stopped. Run the same command again to continue.")
    if "views" in summary:
        said += _figures(summary)
    return [*said, f"Report: {survey.report}"]


def _figures(summary: Summary) -> list[str]:
    shares = ("mutation", "reversal")
    depths = {
        "critical depth": summary["critical_depth"]["mean"],
        "probability depth": summary["probability_depth"]["mean"],
        "views apart": summary["views"]["absolute_difference"],
        "mutation depth": summary["mutation_depth"]["all"]["mean"],
    }
    rows = {name: depth.text(counted=True) for name, depth in depths.items()}
    for kind in ("content", "function"):
        each = (f"{name} {summary['classes'][kind][name].text(3, counted=True)}" for name in shares)
        rows[f"{kind} words"] = ", ".join(each)
    for verdict, of in (summary["truth"] or {}).get("by_verdict", {}).items():
        rows[verdict] = f"reversal {of['reversal'].text(3, counted=True)}"
    return [f"{name:<18} {text}" for name, text in rows.items()]
