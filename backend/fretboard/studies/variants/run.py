"""`fretboard skips`, `repairs` and `compression`: the same questions, each answered in many ways.

Every image is answered plainly and, right after it, in each of the other ways, so that the times
stand side by side. What is judged, and how intervals are made, is that of a survey (`pairs.py`).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fretboard.analysis.skip_presets import PRESETS, last_layers
from fretboard.core.errors import InputError
from fretboard.core.question import Question
from fretboard.core.repair import ABOUT
from fretboard.core.whole_file import write_json, write_text
from fretboard.engine.session import Session
from fretboard.studies.batch import PLAIN, BatchAnswers, StudyBatch, check_any
from fretboard.studies.items import StudyItem
from fretboard.studies.variants.pairs import Pair, pair_of, summarise

ANSWERS = "answers.jsonl"
EMPTY = "no layers to skip"


@dataclass(frozen=True)
class VariantTable:
    """The names of its table: the file, what its ways are, and an answer in one of them."""

    file: str
    ways: str
    after: str


SKIPS = VariantTable("skips.json", "presets", "skipped")
REPAIRS = VariantTable("repairs.json", "ways", "changed")
COMPRESSION = VariantTable("compression.json", "ways", "changed")


def run_skips(
    session: Session, items: list[StudyItem], question: Question, output: Path
) -> dict[str, Any]:
    """Each preset of layers, as it is for the plain answer, against the plain answer.

    An answer that a preset does not apply to is left out of it and counted.
    """
    if question.skip_layers:
        raise InputError("The presets are the layers to skip: leave out skip_layers.")
    ways = {str(preset): question.but(skip_layers=preset) for preset in PRESETS}
    return compare_ways(StudyBatch(session, question, items, output, False), ways, SKIPS)


def run_repairs(
    session: Session,
    items: list[StudyItem],
    question: Question,
    output: Path,
    repairs: Sequence[str] = (),
) -> dict[str, Any]:
    """Each repair (as `parse_repair` reads it; default: all, by default) against plain decoding."""
    _check_plain(question)
    ways = {text: question.but(repair=text) for text in repairs or map(str, ABOUT)}
    return compare_ways(StudyBatch(session, question, items, output, False), ways, REPAIRS)


def run_compression(
    session: Session, items: list[StudyItem], question: Question, output: Path, most: int
) -> dict[str, Any]:
    """1 to `most` layers left out, ending before the last ones that skip.3 keeps."""
    _check_plain(question)
    sets = compressions(session.served.layers, most)
    ways = {f"{len(s)}": question.but(skip_layers=",".join(map(str, s))) for s in sets}
    return compare_ways(StudyBatch(session, question, items, output, False), ways, COMPRESSION)


def compressions(layers: int, most: int) -> list[tuple[int, ...]]:
    """The sets of 1 to `most` layers, from the stabilisation's end towards the critical depth."""
    end = layers - last_layers(layers)
    if not 1 <= most < end:
        raise InputError(f"{most} layers cannot be left out of {layers}; choose 1 to {end - 1}.")
    return [tuple(range(end - count, end)) for count in range(1, most + 1)]


def compare_ways(
    batch: StudyBatch, ways: Mapping[str, Question], comparison: VariantTable
) -> dict[str, Any]:
    """Run or continue into the batch's folder; returns the table, which is also written there.

    An item is counted in a way once both its answers are there. Ctrl-C keeps what is done.
    """
    answers = batch.compare(ways)
    plain = answers.pop(PLAIN)
    check_any(plain, batch.output)
    pairs = {name: _pairs(batch, name, plain, other) for name, other in answers.items()}
    table = {
        "items": len(batch.items),
        "done": len(plain.done),
        comparison.ways: {
            name: ({EMPTY: other.inapplicable} if comparison is SKIPS else {})
            | {"failed": len(other.failures)}
            | summarise(pairs[name], comparison.after)
            for name, other in answers.items()
        },
        "interrupted": plain.interrupted,
    }
    lines = (
        json.dumps(asdict(p), ensure_ascii=False) + "\n" for own in pairs.values() for p in own
    )
    write_text(batch.output / ANSWERS, "".join(lines))
    write_json(batch.output / comparison.file, table)
    return table


def _pairs(batch: StudyBatch, way: str, plain: BatchAnswers, other: BatchAnswers) -> list[Pair]:
    read = batch.session.store.read
    return [
        pair_of(number, batch.items[number], way, read(plain.done[number]), read(analysis_id))
        for number, analysis_id in other.done.items()
        if number in plain.done
    ]


def _check_plain(question: Question) -> None:
    if question.skip_layers or question.repair or question.steering:
        raise InputError(
            "The plain answer is what is compared with: leave out layers, repair and steering."
        )
