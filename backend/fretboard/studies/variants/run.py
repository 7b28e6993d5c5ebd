"""`fretboard repairs` and `fretboard compression`: the same questions, each answered in many ways.

Every image is answered plainly and, right after it, in each of the other ways, so that the times
stand side by side. What is judged, and how intervals are made, is that of a survey (`pairs.py`).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fretboard.analysis.skip_presets import last_layers
from fretboard.core.errors import InputError
from fretboard.core.question import Question
from fretboard.core.repair import ABOUT
from fretboard.engine.session import Session
from fretboard.studies.batch import SurveyRun, check_any
from fretboard.studies.items import Item
from fretboard.studies.variants.pairs import pair_of, summarise
from fretboard.studies.variants.skips import write_table

REPAIRS = "repairs.json"
COMPRESSION = "compression.json"
AFTER = "changed"
Ways = Mapping[str, Question]


def run_repairs(
    session: Session,
    items: list[Item],
    question: Question,
    output: Path,
    repairs: Sequence[str] = (),
) -> dict[str, Any]:
    """Each repair (as `parse_repair` reads it; default: all, by default) against plain decoding."""
    ways = {text: question.but(repair=text) for text in repairs or map(str, ABOUT)}
    return run_variants(session, items, question, output, ways, REPAIRS)


def run_compression(
    session: Session, items: list[Item], question: Question, output: Path, most: int
) -> dict[str, Any]:
    """1 to `most` layers left out, ending before the last ones that skip.3 keeps."""
    sets = compressions(session.served.layers, most)
    ways = {f"{len(s)}": question.but(skip_layers=",".join(map(str, s))) for s in sets}
    return run_variants(session, items, question, output, ways, COMPRESSION)


def compressions(layers: int, most: int) -> list[tuple[int, ...]]:
    """The sets of 1 to `most` layers, from the stabilisation's end towards the critical depth."""
    end = layers - last_layers(layers)
    if not 1 <= most < end:
        raise InputError(f"{most} layers cannot be left out of {layers}; choose 1 to {end - 1}.")
    return [tuple(range(end - count, end)) for count in range(1, most + 1)]


def run_variants(
    session: Session,
    items: list[Item],
    question: Question,
    output: Path,
    ways: Ways,
    name: str,
) -> dict[str, Any]:
    """Run or continue into `output`; returns the table, which is also written there.

    An item is counted in a way once both its answers are there. Ctrl-C keeps what is done.
    """
    if question.skip_layers or question.repair:
        raise InputError("The plain answer is what is compared with: leave out layers and repair.")
    run = SurveyRun(session, question, items, output, False, tuple(ways.values()))
    plain, *others = run.side_by_side([question, *ways.values()])
    check_any(plain, output)
    table: dict[str, Any] = {"items": len(items), "done": len(plain.done), "ways": {}}
    table["interrupted"] = plain.interrupted
    pairs = []
    for way, found in zip(ways, others, strict=True):
        mine = [
            pair_of(n, items[n], way, run.read(plain.done[n]), run.read(found.done[n]))
            for n in sorted(found.done.keys() & plain.done.keys())
        ]
        pairs += mine
        table["ways"][way] = {"failed": len(found.failures)} | summarise(mine, AFTER)
    write_table(output, name, pairs, table)
    return table
