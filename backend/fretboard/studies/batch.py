"""Run a survey: every item analysed once, recorded at once, resumed where it stopped.

The finished analyses in `output/analyses` are the record of what is done; the table, the summary
and the report are made anew from them. So a run that is killed loses only the image at hand.
"""

import json
import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PIL import Image

from fretboard.core.analysis import Analysis, problem_of
from fretboard.core.errors import FretboardError, InputError
from fretboard.core.images import to_png
from fretboard.core.progress import bar
from fretboard.core.question import Question
from fretboard.engine.session import Session, read_file
from fretboard.store.analyses import HIDDEN_STATES
from fretboard.studies.items import Item
from fretboard.studies.survey.rows import token_rows, write_rows

log = logging.getLogger(__name__)
FAILURES = "failures.jsonl"


@dataclass(frozen=True)
class Outcome:
    """What a pass left behind: number of the item → id of its analysis; failures; stopped?"""

    done: dict[int, str]
    failures: list[dict[str, Any]]
    interrupted: bool


class SurveyRun:
    """One pass over the items, into one folder."""

    def __init__(
        self,
        session: Session,
        question: Question,
        items: list[Item],
        output: Path,
        keep_states: bool = True,
        further: Sequence[Question] = (),
    ) -> None:
        """further: other ways that items will be asked in, to be checked beforehand.

        Without its hidden states an analysis can be read, but not shown in full in the page.
        """
        # What is wrong for all items alike is told at once; a blank picture stands for theirs.
        blank = to_png(Image.new("RGB", (32, 32)))
        for way in (question, *further):
            session.prepare(way.but(prompt=str(items[0].prompt), image=blank))
        self._session, self._question, self._items = session, question, items
        self._output, self._keep_states = output, keep_states
        self._spared = frozenset() if keep_states else frozenset([HIDDEN_STATES])
        output.mkdir(parents=True, exist_ok=True)

    def run(self) -> Outcome:
        """Analyse what is not done yet. Ctrl-C ends the pass; what is done is kept."""
        return self._pass([(number, self._question) for number in range(len(self._items))], "w")[0]

    def without(self, layers: Mapping[int, str]) -> Outcome:
        """A further pass over some items, each without layers of its own: number → `6-9,12`."""
        tasks = [(number, self._question.but(skip_layers=own)) for number, own in layers.items()]
        return self._pass(tasks, "a")[0]

    def side_by_side(self, requests: Sequence[Question]) -> list[Outcome]:
        """One pass that asks each item in all these ways, one right after the other.

        So times can be compared: what slows the machine slows all of them.
        """
        numbers = range(len(self._items))
        return self._pass([(n, request) for n in numbers for request in requests], "w")

    def read(self, analysis_id: str) -> Analysis:
        """A finished analysis of this or an earlier pass."""
        return self._session.store.read(analysis_id)

    def _pass(self, tasks: Sequence[tuple[int, Question]], mode: str) -> list[Outcome]:
        """An outcome for each way that items are asked in: an item's first, second … task.

        mode: of the list of failures, written anew or continued.
        """
        ways = max(Counter(number for number, _ in tasks).values(), default=1)
        outcomes = [Outcome({}, [], False) for _ in range(ways)]
        asked: Counter[int] = Counter()
        with (self._output / FAILURES).open(mode, encoding="utf-8") as told:
            try:
                for number, request in bar(tasks, unit="image", desc="survey"):
                    outcome, item = outcomes[asked[number]], self._items[number]
                    asked[number] += 1
                    try:
                        outcome.done[number] = self._analyse(item, request)
                    except _Failed as failed:
                        outcome.failures.append(failed.record(number, item))
                        told.write(json.dumps(outcome.failures[-1], ensure_ascii=False) + "\n")
                        told.flush()
            except KeyboardInterrupt:
                return [replace(outcome, interrupted=True) for outcome in outcomes]
        return outcomes

    def detection(self, outcome: Outcome) -> dict[str, Any]:
        """How the stages were found; alike for all items. Empty when nothing is done."""
        for analysis_id in outcome.done.values():
            stages = self._session.store.read(analysis_id).stages
            if stages is not None:
                return {"method": stages.method, "thresholds": stages.thresholds}
        return {}

    def write_tokens(self, outcome: Outcome, path: Path) -> int:
        """The table of all finished items; returns the number of rows."""
        return write_rows(path, self._rows(outcome))

    def _rows(self, outcome: Outcome) -> Iterator[list[dict[str, Any]]]:
        for number, analysis_id in outcome.done.items():
            analysis = self._session.store.read(analysis_id)
            yield token_rows(number, self._items[number], analysis)

    def _analyse(self, item: Item, request: Question) -> str:
        """The id of the item's finished analysis. Raises _Failed for what is the item's fault."""
        with _Blamed():
            question = request.but(prompt=str(item.prompt), image=read_file(item.image))
            analysis, picture = self._session.prepare(question)
            if self._session.is_done(analysis, self._spared):
                return analysis.id
        self._session.pipeline  # noqa: B018  a model that cannot be loaded ends the survey
        with _Blamed():
            self._session.run(analysis, picture)
            if not self._keep_states:
                self._session.store.drop_arrays(analysis.id, HIDDEN_STATES)
        return analysis.id


class _Failed(Exception):
    """One item that could not be analysed."""

    def __init__(self, title: str, detail: str) -> None:
        super().__init__(detail)
        self.title, self.detail = title, detail

    def record(self, number: int, item: Item) -> dict[str, Any]:
        """A line of failures.jsonl."""
        told = {"title": self.title, "reason": self.detail}
        asked = {"image": str(item.image), "prompt": item.prompt}
        return {"record": number, "item": item.id} | asked | told


class _Blamed:
    """Turns any error inside into `_Failed`: one bad image must not end a long survey."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, FretboardError):
            raise _Failed(error.title, error.detail) from error
        if isinstance(error, OSError):
            detail = f"{error.filename} cannot be read: {error.strerror}."
            raise _Failed("The image cannot be read", detail) from error
        if isinstance(error, Exception):
            log.error("an image could not be analysed", exc_info=error)
            problem = problem_of(error)
            raise _Failed(problem.title, problem.detail) from error


def check_any(outcome: Outcome, output: Path) -> None:
    """Raises InputError when nothing at all could be analysed."""
    if not outcome.done and outcome.failures:
        first = outcome.failures[0]
        raise InputError(
            f"None of {len(outcome.failures)} images could be analysed; the first: "
            f"{first['image']}: {first['reason']} All are listed in {output / FAILURES}."
        )
