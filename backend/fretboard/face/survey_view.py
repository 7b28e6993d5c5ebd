"""A survey's table, summary and report."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from fretboard.studies.batch import FAILURES
from fretboard.studies.survey.run import REPORT, Written, lines

if TYPE_CHECKING:
    import pandas


class Survey:
    """What `Model.survey` gives.

    >>> print(v)
    3 of 3 done, 0 failed
    ...
    """

    def __init__(self, written: Written) -> None:
        self._written = written

    def __repr__(self) -> str:
        return "\n".join(lines(self._written))

    @property
    def summary(self) -> dict[str, Any]:
        """The numbers of the survey with their intervals; see docs/surveys.md.

        >>> v.summary["survey"]["done"]
        3
        """
        return self._written.summary

    @property
    def report(self) -> Path:
        """A page with the summary's charts, in the survey's folder.

        >>> v.report.name
        'report.html'
        """
        return self._written.output / REPORT

    @property
    def failures(self) -> Path:
        """The images that could not be analysed, one JSON object a line.

        >>> v.failures.read_text()
        ''
        """
        return self._written.output / FAILURES

    def to_pandas(self) -> "pandas.DataFrame":
        """A row a token; the columns are those of docs/surveys.md.

        >>> len(v.to_pandas()) > 0
        True
        """
        return self._written.to_pandas()
