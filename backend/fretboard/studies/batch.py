"""Many items answered, each recorded at once, resumed where it stopped.

The finished analyses in `output/analyses` are the record of what is done; tables and reports are
made anew from them. So a run that is killed loses only the image at hand.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TextIO

from PIL import Image

from fretboard.analysis.skip_presets import PRESETS
from fretboard.core.analysis import problem_of
from fretboard.core.errors import FretboardError, InputError
from fretboard.core.images import to_png
from fretboard.core.progress import bar
from fretboard.core.question import Question
from fretboard.core.whole_file import read_file
from fretboard.engine.session import Session
from fretboard.store.analyses import HIDDEN_STATES
from fretboard.studies.items import StudyItem
from fretboard.studies.survey.rows import token_rows

log = logging.getLogger(__name__)
FAILURES = "failures.jsonl"
PLAIN = "plain"


@dataclass
class BatchAnswers:
    """What a pass left behind in one way of answering.

    done: number of the item → id of its analysis. inapplicable: items whose plain answer leaves the
    way's preset no layers.
    """

    done: dict[int, str] = field(default_factory=dict)
    failures: list[dict[str, Any]] = field(default_factory=list)
    inapplicable: int = 0
    interrupted: bool = False


@dataclass
class StudyBatch:
    """One question over many items, into one folder.

    Without its hidden states an analysis can be read, but not shown in full in the page.
    """

    session: Session
    question: Question
    items: list[StudyItem]
    output: Path
    keep_states: bool = True

    def run(self) -> BatchAnswers:
        """Analyse what is not done yet. Ctrl-C ends the pass; what is done is kept."""
        return self.compare({})[PLAIN]

    def compare(self, ways: Mapping[str, Question]) -> dict[str, BatchAnswers]:
        """Each item answered plainly and, right after it, in each of the other ways.

        So times can be compared: what slows the machine slows all of them. A way whose skip_layers
        is a preset takes its layers from the plain answer.
        """
        questions = {PLAIN: self.question, **ways}
        self._check(questions)
        answers = {name: BatchAnswers() for name in questions}
        self.output.mkdir(parents=True, exist_ok=True)
        with (self.output / FAILURES).open("w", encoding="utf-8") as failures:
            try:
                for number in bar(range(len(self.items)), unit="image", desc="survey"):
                    for name, question in questions.items():
                        plain = answers[PLAIN].done.get(number)
                        self._answer(number, question, plain, answers[name], failures)
            except KeyboardInterrupt:
                for each in answers.values():
                    each.interrupted = True
        return answers

    def rows(self, answers: BatchAnswers) -> Iterator[list[dict[str, Any]]]:
        """Of the table of tokens, item by item."""
        for number, analysis_id in answers.done.items():
            yield token_rows(number, self.items[number], self.session.read_today(analysis_id))

    def detection(self, answers: BatchAnswers) -> dict[str, Any]:
        """How the stages were found; alike for all items. Empty when nothing is done."""
        for analysis_id in answers.done.values():
            stages = self.session.read_today(analysis_id).stages
            if stages is not None:
                return {"method": stages.method, "thresholds": stages.thresholds}
        return {}

    @cached_property
    def _spared(self) -> frozenset[str]:
        return frozenset() if self.keep_states else frozenset([HIDDEN_STATES])

    def _check(self, questions: Mapping[str, Question]) -> None:
        """What is wrong for all items alike is said at once; a blank picture stands for theirs."""
        blank, prompt = to_png(Image.new("RGB", (32, 32))), str(self.items[0].prompt)
        for question in questions.values():
            if question.skip_layers not in PRESETS:
                self.session.prepare(question.but(prompt=prompt, image=blank))

    def _answer(
        self,
        number: int,
        question: Question,
        plain: str | None,
        answers: BatchAnswers,
        failures: TextIO,
    ) -> None:
        """One item in one way, noted among the answers or the failures."""
        if question.skip_layers in PRESETS:
            if plain is None:
                return
            settled = self._settled(question, plain)
            if settled is None:
                answers.inapplicable += 1
                return
            question = settled
        item = self.items[number]
        try:
            answers.done[number] = self._analyse(item, question)
        except _Failed as failed:
            about = {"record": number, "item": item.id, "image": str(item.image)}
            reason = {"title": failed.problem.title, "reason": failed.problem.detail}
            answers.failures.append(about | {"prompt": item.prompt} | reason)
            failures.write(json.dumps(answers.failures[-1], ensure_ascii=False) + "\n")
            failures.flush()

    def _settled(self, question: Question, plain: str) -> Question | None:
        """The question with the preset's layers of a plain answer; None where it has none."""
        try:
            return self.session.settled(question.but(preset_of=plain))
        except InputError:
            return None

    def _analyse(self, item: StudyItem, question: Question) -> str:
        """The id of the item's finished analysis. Raises _Failed for what is the item's fault."""
        with _blamed():
            own = question.but(prompt=str(item.prompt), image=read_file(item.image))
            analysis, picture = self.session.prepare(own)
            if self.session.store.finished(analysis.id, self._spared) is not None:
                return analysis.id
        self.session.pipeline  # noqa: B018  a model that cannot be loaded ends the run
        with _blamed():
            self.session.run(analysis, picture)
            if not self.keep_states:
                self.session.store.drop_arrays(analysis.id, HIDDEN_STATES)
        return analysis.id


class _Failed(Exception):
    """One item that could not be analysed."""

    def __init__(self, error: Exception) -> None:
        self.problem = problem_of(error)


@contextmanager
def _blamed() -> Iterator[None]:
    """Turns any error inside into `_Failed`: one bad image must not end a long survey."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, FretboardError):
            log.error("an image could not be analysed", exc_info=error)
        raise _Failed(error) from error


def check_any(answers: BatchAnswers, output: Path) -> None:
    """Raises InputError when nothing at all could be analysed."""
    if not answers.done and answers.failures:
        first = answers.failures[0]
        raise InputError(
            f"None of {len(answers.failures)} images could be analysed; the first: "
            f"{first['image']}: {first['reason']} All are listed in {output / FAILURES}."
        )
